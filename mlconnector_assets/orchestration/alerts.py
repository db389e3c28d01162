"""When Dagster looks whether something is wrong, and checks the audit."""

import dagster as dg

from mlconnector_assets.orchestration.resources import ProjectResource
from mlconnector_assets.steps.alerts import raise_alerts
from mlconnector_assets.steps.audit_trail import verify_audit

INTERVAL = 300


def alerts_sensor() -> dg.SensorDefinition:
    """`alerts`: looks for incidents and tells them. It requests no run: what it does is in the state database."""

    # Dagster wants a target of every sensor that could request a run; this one has none
    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=INTERVAL,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Looks for what is wrong, and tells people by mail and webhook as `alerts:` in connections.yaml says.",
    )
    def alerts(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SkipReason:
        with project.workspace(context.log) as workspace:
            outcome = raise_alerts(workspace)
        for told in outcome.told:
            if told.error:
                context.log.warning(str(told.error))
        sent = sum(1 for told in outcome.told if told.notices)
        return dg.SkipReason(f"{len(outcome.opened)} new incidents, {len(outcome.resolved)} over, {sent} messages sent")

    return alerts


def audit_schedule() -> dg.ScheduleDefinition:
    """`audit_verify_schedule`: checks the whole audit every night."""

    @dg.op(description="Recomputes every hash of the audit's chain and segments.")
    def verify(context: dg.OpExecutionContext, project: ProjectResource) -> None:
        with project.workspace(context.log, context.run_id) as workspace:
            check = verify_audit(workspace)
        if check.problems:
            raise dg.Failure("\n".join(check.problems[:100]), allow_retries=False)
        context.log.info(f"{check.entries} audit entries are what was written")

    @dg.job(description="Finds what was changed, removed or put into the audit.")
    def audit_verify() -> None:
        verify()

    return dg.ScheduleDefinition(
        name="audit_verify_schedule",
        job=audit_verify,
        cron_schedule="20 3 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
