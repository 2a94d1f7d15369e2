"""Screening: every name against every sanctions list in force, before release and ever after."""

from common.service import Service
from screening import handlers, jobs, models, retention, routes, rules, settings

service = Service("screening", settings, models, rules, routes, handlers, retention, jobs)
create_app = service.create_app
