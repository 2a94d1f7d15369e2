"""Shop: what is on offer, who ordered it, and how long an order must be kept."""

from common.service import Service
from shop import handlers, models, retention, routes, rules, settings

service = Service("shop", settings, models, rules, routes, handlers, retention)
create_app = service.create_app
