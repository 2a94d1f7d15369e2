"""Identity: who may use the portal, and on behalf of which organisation."""

from common.service import Service
from identity import handlers, jobs, models, retention, routes, rules, settings

service = Service("identity", settings, models, rules, routes, handlers, retention, jobs)
create_app = service.create_app
