"""Sample: keeps parcels."""

from common.service import Service
from sample import handlers, models, routes, rules, settings

service = Service("sample", settings, models, rules, routes, handlers)
create_app = service.create_app
