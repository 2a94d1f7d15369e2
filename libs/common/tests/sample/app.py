"""Sample: keeps parcels."""

from sample import handlers, models, routes, rules, settings

from common.service import Service

service = Service("sample", settings, models, rules, routes, handlers)
create_app = service.create_app
