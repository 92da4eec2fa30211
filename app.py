"""The Chalice app: routes are registered, triggers are defined, and nothing else.

Importing it opens no client and reads no environment: Chalice imports it to find the routes.
"""

from typing import Any

from chalice.app import Chalice, Rate

from chalicelib.api.blueprints import blueprints, keep_request

# Chalice writes its name into the environment that it is given; ours is left alone.
app = Chalice(app_name="berth", configure_logs=False, env={})
app.register_middleware(keep_request, "http")
for blueprint in blueprints():
    app.register_blueprint(blueprint)


# Triggers live here and not in a blueprint: there, Lambda would never import this file.
@app.schedule(Rate(1, unit=Rate.MINUTES))
def sweep(event: Any) -> None:
    """Stop what ran too long, remove what nobody owns any more, and hold the audit log fast."""
    from chalicelib.api.schedule import run_sweep

    run_sweep(getattr(event.context, "aws_request_id", None))
