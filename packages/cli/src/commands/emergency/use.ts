import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { fields } from "../../output/table.ts";
import { utc } from "../../output/times.ts";
import { type AttemptOptions, addAttemptOptions, prepareAttempt } from "./attempt.ts";

export const use = defineCommand<[name: string], AttemptOptions>({
  summary: "Break glass: with a code, one resource for one hour; every channel is told",
  configure: addAttemptOptions,
  examples: [
    'tw emergency use night-shift --server https://gw.example --reason "orders are stuck, provider is down"',
    'tw emergency use night-shift --reason "..." --code-stdin < code',
  ],
  notes: [
    "It needs no sign-in, no identity provider and no reviewer. The code is asked for without echo, or read from stdin,",
    "a file or TIDEWAITER_EMERGENCY_CODE, and is worth one use. Policies hold as for everybody. Somebody else reviews it.",
  ].join("\n"),
  run: async (context, options, name) => {
    const { api, body } = await prepareAttempt(context, name, options);
    const used = await answer(api.POST("/v1/emergency/use", { body }));
    const { host, port, tls } = used.endpoint;
    const { paint } = context.output;
    context.output.result(used, () => [
      paint(
        "bold",
        `Access to ${used.resource} (${used.level}) until ${utc(used.expiresAt)}. It is told on every channel.`,
      ),
      ...used.problems.map((problem) => paint("red", `  ! ${problem}`)),
      "",
      ...fields(
        [
          ["host", host],
          ["port", port],
          ["database", used.resource],
          ["user", used.username],
          ["secret", used.secret],
          ["sslmode", tls ? "require, or verify-full with the gateway's root" : "disable"],
          ["emergency", used.shortId],
          ["codes left", used.codesLeft],
        ],
        paint,
      ),
      "",
      `psql "host=${host} port=${port} dbname=${used.resource} user=${used.username} sslmode=${tls ? "require" : "disable"}"`,
      `When it is over: tw emergency end ${used.shortId}`,
    ]);
    return undefined;
  },
});
