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
    from chalicelib import bootstrap
    from chalicelib.log import context
    from chalicelib.ports.metrics import SWEEP_FAILURES, SWEEP_LASTED
    from chalicelib.usecases.audit.checkpoint import write_checkpoints
    from chalicelib.usecases.operations.census import take_census
    from chalicelib.usecases.workspaces.sweep import sweep as carry_out

    chosen = bootstrap.ports()
    if chosen.site.surface == "agents":
        return  # where two stages share a table, that of people sweeps
    clock = chosen.clock
    begins = clock.monotonic()

    def remaining() -> float:
        return begins + SWEEP_SECONDS - clock.monotonic()

    with (
        context(request_id=getattr(event.context, "aws_request_id", None)),
        bootstrap.call(chosen, begins + SWEEP_SECONDS) as ports,
    ):
        swept = carry_out(ports, remaining=remaining)
        write_checkpoints(ports, remaining=remaining)
        census = take_census(ports, remaining=remaining) if ports.metrics.is_kept else {}
        lasted = round(clock.monotonic() - begins, 3)
        ended = {} if swept.held_up else {SWEEP_LASTED: lasted}
        ports.metrics.record("swept", {SWEEP_FAILURES: swept.failed, **ended, **census})
