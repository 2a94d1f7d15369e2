"""The portal's one door for browsers and apps: pages of its own, everything else handed on."""

from collections.abc import Mapping

import httpx
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from common import logs, tracing
from common.processes import serve_metrics
from common.settings import load, urls_by_service
from common.web import problems
from common.web.app import observe
from gateway import routes
from gateway.settings import Settings


def create_app(
    settings: Settings | None = None,
    transports: Mapping[str, httpx.BaseTransport] | None = None,
) -> Flask:
    """Make the gateway; transports: how services are reached where that is not by network."""
    if settings is None:
        settings = load(Settings, "gateway")
        logs.configure(settings.log_level)
        tracing.configure("gateway", settings.traces_url, settings.traces_share)
        serve_metrics(settings, lambda: None)
    app = Flask(
        "gateway",
        template_folder=routes.HERE / "templates",
        static_folder=routes.HERE / "static",
    )
    trusted = settings.proxies
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted, x_host=trusted)  # type: ignore[method-assign]
    app.extensions["upstreams"] = {
        name: httpx.Client(
            base_url=url,
            timeout=settings.timeout_seconds,
            transport=(transports or {}).get(name),
        )
        for name, url in urls_by_service(settings.upstreams).items()
    }
    observe(app)
    problems.register(app)
    app.register_blueprint(routes.bp)
    return app
