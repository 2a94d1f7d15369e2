"""Training: sessions with a limited number of seats, who booked them and for whom."""

from common.service import Service
from training import handlers, models, retention, routes, rules, settings

service = Service("training", settings, models, rules, routes, handlers, retention)
create_app = service.create_app
