"""Service cases: faults that customers report about their machines, and the talk about them."""

from common.service import Service
from service_cases import handlers, models, retention, routes, rules, settings

service = Service("service-cases", settings, models, rules, routes, handlers, retention)
create_app = service.create_app
