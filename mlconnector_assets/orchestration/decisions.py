"""The jobs `decide_holds` and `settle_files`: a person's decisions, made in the Dagster UI."""

from typing import Literal

import dagster as dg
from pydantic import Field

from mlconnector_assets.orchestration.resources import ProjectResource
from mlconnector_assets.steps.holding import decide
from mlconnector_assets.steps.settle import settle_deliveries


class DecisionConfig(dg.Config):
    """What `mlconnector holds release` and `dismiss` ask for. Dagster does not tell a run who started it: `by` says so."""

    holds: list[int] = Field(description="Ids of the holds; `mlconnector holds list` and the flows' metadata show them.")
    decision: Literal["released", "dismissed"] = Field(description="released: these documents leave. dismissed: they never do.")
    reason: str = Field(description="Why. It is kept for good.")
    by: str = Field(description="Who decides.")


def decide_job() -> dg.JobDefinition:
    """`decide_holds`. What was released leaves with the flow's next run, which the change sensor requests."""

    @dg.op(description="Release or dismiss holds, all of them or none.")
    def decide_about_holds(context: dg.OpExecutionContext, config: DecisionConfig, project: ProjectResource) -> None:
        with project.workspace(context.log, context.run.run_id) as workspace:
            decided = decide(workspace, config.holds, config.decision, by=config.by, reason=config.reason)
        for one in decided:
            done = f"{one.documents} documents {config.decision}"
            told = f"nothing changed, it was {config.decision} before" if one.before else done
            context.log.info(f"hold {one.hold.id} of {one.hold.partner} {one.hold.flow}: {told}")

    @dg.job(
        name="decide_holds",
        description="Release or dismiss held documents, with a reason. Fill in the launchpad's configuration.",
    )
    def decide_holds() -> None:
        decide_about_holds()

    return decide_holds


class SettlementConfig(dg.Config):
    """What `mlconnector outbox settle` asks for."""

    deliveries: list[int] = Field(description="Ids of the deliveries; `mlconnector outbox list` shows them.")
    reason: str = Field(description="Why, such as who of the partner has the file. It is kept for good.")
    by: str = Field(description="Who says so.")


def settle_job() -> dg.JobDefinition:
    """`settle_files`. The partner has these files, whatever the wire told us: nothing is sent any more."""

    @dg.op(description="Count files as delivered, all of them or none.")
    def settle_deliveries_of_partners(context: dg.OpExecutionContext, config: SettlementConfig, project: ProjectResource) -> None:
        with project.workspace(context.log, context.run.run_id) as workspace:
            settled = settle_deliveries(workspace, config.deliveries, by=config.by, reason=config.reason)
        for one in settled:
            told = "was delivered before; nothing changed" if one.before else "counts as delivered"
            context.log.info(f"delivery {one.delivery.id} ({one.delivery.remote_name} for {one.delivery.partner}) {told}")

    @dg.job(
        name="settle_files",
        description="Say that a partner has a file that is uncertain or given up here. Fill in the launchpad's configuration.",
    )
    def settle_files() -> None:
        settle_deliveries_of_partners()

    return settle_files
