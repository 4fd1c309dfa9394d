import type { Command } from "commander";
import { type Api, answer } from "../../api/client.ts";
import type { ReviewView } from "../../api/shapes.ts";
import { withStepUp } from "../../api/with-step-up.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { renderReview } from "./render-review.ts";

export interface DecideOptions {
  readonly comment: string;
  readonly yes?: boolean;
}

export type Decision = "approve" | "reject";

export function addDecideOptions(command: Command): Command {
  return command
    .argument("[id]", "short id, such as 7Q2H; default: the only one that waits for you")
    .option("--comment <text>", "told to who asked, and recorded", "")
    .option("-y, --yes", "do not ask when the id was left out");
}

export async function decide(
  context: CommandContext,
  decision: Decision,
  options: DecideOptions,
  id: string | undefined,
): Promise<undefined> {
  const api = await context.api();
  const chosen = id ?? (await onlyWaiting(context, api));
  if (id === undefined) await showAndAsk(context, api, { id: chosen, decision, yes: options.yes === true });
  const call = { params: { path: { id: chosen } }, body: { comment: options.comment } };
  const review = await withStepUp(context, () =>
    answer(
      decision === "approve" ? api.POST("/v1/reviews/{id}/approve", call) : api.POST("/v1/reviews/{id}/reject", call),
    ),
  );
  context.output.result(review, () => [outcome(review)]);
  return undefined;
}

/** The one review that is pending and was not asked for by the reviewer. @throws CliError `not_found`, `conflict` */
async function onlyWaiting(context: CommandContext, api: Api): Promise<string> {
  const { principal } = await context.profile();
  const { reviews } = await answer(api.GET("/v1/reviews", { params: { query: { state: "pending" } } }));
  const others = reviews.filter(({ requester }) => requester !== principal);
  const [only, ...more] = others;
  if (only === undefined) {
    const own = reviews.length > 0 ? { why: "what is pending you asked for yourself: another person decides it" } : {};
    throw new CliError("not_found", `no review is waiting for ${principal}`, { ...own, next: "tw reviews list" });
  }
  if (more.length === 0) return only.shortId;
  throw new CliError("conflict", `${others.length} reviews are waiting; say which`, {
    why: others
      .map(({ shortId, requester, resource, summary }) => `${shortId}  ${requester} on ${resource}: ${summary}`)
      .join("\n"),
    next: `tw reviews show ${only.shortId}`,
  });
}

interface Asked {
  readonly id: string;
  readonly decision: Decision;
  readonly yes: boolean;
}

/**
 * Nobody should decide about what they have not seen: the statement is shown first, and asked about. Where nobody can be asked,
 * a missing id may be an empty variable of a script.
 */
async function showAndAsk(context: CommandContext, api: Api, { id, decision, yes }: Asked): Promise<void> {
  const review = await answer(api.GET("/v1/reviews/{id}", { params: { path: { id } } }));
  context.output.note(renderReview(review, (_style, text) => text, context.now()).join("\n"));
  if (yes) return;
  if (!context.terminal.interactive) {
    throw new CliError("usage", `nothing was decided about ${id}`, {
      why: "no id was given, and nobody can be asked here: this is no terminal",
      next: `tw reviews ${decision} ${id}, or --yes for the only one that waits`,
    });
  }
  const reply = await context.terminal.ask(`${decision === "approve" ? "Approve" : "Reject"} this? [y/N] `);
  if (!/^y(es)?$/i.test(reply.trim())) {
    throw new CliError("interrupted", "nothing was decided", { next: `tw reviews ${decision} ${id}` });
  }
}

function outcome({ shortId, state, requester, resource, decisions, count, mode }: ReviewView): string {
  const what = `${shortId} of ${requester} on ${resource}`;
  if (state === "pending") return `Counted for ${what}: ${decisions.length} of ${count} people approved.`;
  if (state === "approved") {
    return `Approved ${what}: ${mode === "hold" ? "it runs now" : "it passes once when it is repeated"}.`;
  }
  return state === "rejected" ? `Rejected ${what}.` : `${what} is ${state}.`;
}
