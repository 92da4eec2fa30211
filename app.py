"""The Chalice app: routes are registered, triggers are defined, and nothing else.

Importing it opens no client and reads no environment: Chalice imports it to find the routes.
"""

from typing import Any

from chalice.app import Chalice, Rate

from chalicelib.api.blueprints import blueprints, keep_request

SWEEP_SECONDS = 20.0
"""Lambda ends it after 25."""

# Chalice writes its name into the environment that it is given; ours is left alone.
app = Chalice(app_name="berth", configure_logs=False, env={})
app.register_middleware(keep_request, "http")
for blueprint in blueprints():
    app.register_blueprint(blueprint)


# Triggers live here and not in a blueprint: there, Lambda would never import this file.
@app.schedule(Rate(1, unit=Rate.MINUTES))
def sweep(event: Any) -> None:
    """Stop what ran too long, remove what nobody owns any more, and hold the audit log fast."""
    del event
    from chalicelib import bootstrap
    from chalicelib.usecases.audit.checkpoint import write_checkpoints
    from chalicelib.usecases.workspaces.sweep import sweep as carry_out

    chosen = bootstrap.ports()
    if chosen.site.surface == "agents":
        return  # where two stages share a table, that of people sweeps
    clock = chosen.clock
    ends = clock.monotonic() + SWEEP_SECONDS
    with bootstrap.call(chosen, ends) as ports:
        carry_out(ports, remaining=lambda: ends - clock.monotonic())
        write_checkpoints(ports, remaining=lambda: ends - clock.monotonic())
