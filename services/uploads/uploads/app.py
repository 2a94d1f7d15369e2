"""Uploads: drawings and images of an organisation, seen by its people and by nobody else."""

from common.service import Service
from uploads import handlers, jobs, models, retention, routes, rules, settings

service = Service("uploads", settings, models, rules, routes, handlers, retention, jobs)
create_app = service.create_app
