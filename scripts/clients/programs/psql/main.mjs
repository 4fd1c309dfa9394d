import { createHash } from "node:crypto";
import { command, program } from "../shared/command.mjs";
import { runScenarios } from "../shared/scenarios.mjs";

const psql = (input, args = [], options = {}) => command(program("psql"), ["-X", "-w", ...args], { input, ...options });
/** Backslash commands have no error code: all that they print is compared. */
const catalog = [
  "\\l",
  "\\d",
  "\\d+ customers",
  "\\dt+",
  "\\di",
  "\\dv",
  "\\df",
  "\\dn+",
  "\\du",
  "\\dT",
  "\\dx",
  "\\dp",
  "\\ds",
  "\\dO *C*",
  "\\dconfig work_mem",
  "\\sf pg_catalog.pg_get_keywords",
  "\\encoding",
];

await runScenarios({
  connect: () =>
    psql(
      "select current_database(), current_user, current_setting('server_version_num');\n\\echo :SERVER_VERSION_NUM :ENCODING\n\\c - - - -\nselect 'again';\n",
      ["-At"],
    ),
  simple: () => psql("select 1 as a; select 'two', null; ;\n", ["-c", "select 1; select 2", "-c", ""]),
  prepared: () =>
    psql(
      "prepare p(int) as select label from numbers where n = $1;\nexecute p(1);\nexecute p(-1);\nselect name, statement from pg_prepared_statements;\ndeallocate p;\n",
    ),
  describe: () =>
    psql(
      "select n, label, n::numeric / 3 as third from numbers \\gdesc\nselect 'select 7' \\gexec\nselect 1 as one, 'x' as two \\gset\n\\echo :one :two\nselect label, n, n from numbers where n < 4 \\crosstabview\n",
    ),
  "transactions, failed ones and savepoints": () =>
    psql(
      "begin;\ninsert into items (name) values ('rolled back');\nrollback;\nbegin;\ninsert into items (name) values ('kept');\nsavepoint a;\nselect 1/0;\nselect 1;\nrollback to a;\ncommit;\nselect name from items;\nbegin;\nselect 1/0;\ncommit;\n",
    ),
  "ON_ERROR_ROLLBACK and ON_ERROR_STOP": async () => [
    await psql("begin;\nselect 1/0;\nselect 'on';\ncommit;\n", ["-v", "ON_ERROR_ROLLBACK=on"]),
    await psql("select 1/0;\nselect 'not run';\n", ["-v", "ON_ERROR_STOP=1"]),
  ],
  "errors in full": () =>
    psql(
      "\\set VERBOSITY verbose\nselect 1/0;\nselec 1;\nselect * from nowhere;\ninsert into customers (id) values (1);\nselect 'ü' from größe;\n\\errverbose\n",
    ),
  "cursor with row limit": () =>
    psql(
      "select n from numbers order by n;\nbegin;\ndeclare c cursor for select n from numbers order by n;\nfetch 3 from c;\nmove 100 in c;\nfetch c;\ncommit;\n",
      ["-v", "FETCH_COUNT=7", "-At"],
    ),
  "copy in and out": () =>
    psql(
      "create temp table copied (a int, b text);\ncopy copied from stdin;\n1\tone\n2\t\\N\n\\.\ncopy copied to stdout (format csv, header);\n\\copy copied to stdout\ncopy copied from stdin;\nx\ty\n\\.\nselect count(*) from copied;\n",
    ),
  "listen and notify": async () => {
    const { stdout, ...rest } = await psql("listen news;\nnotify news, 'päyload';\nselect 1;\n", ["-At"]);
    return [stdout.replace(/PID \d+/, "PID"), rest];
  },
  cancel: () => {
    // Ctrl-C once it runs
    const interrupt = async (_stdout, child) => {
      await new Promise((go) => setTimeout(go, 300));
      child.kill("SIGINT");
    };
    return psql("\\echo started\nselect pg_sleep(60);\nselect 'on';\n", ["-At"], { onStdout: once(interrupt) });
  },
  notice: () =>
    psql(
      "do $$ begin raise notice 'hello %', 1; raise warning using errcode = '01234', message = 'mind', detail = 'd', hint = 'h'; end $$;\ndrop table if exists nothing;\n",
    ),
  "big result": async () => {
    const { stdout, ...rest } = await psql("select n, repeat('x', 50) || n from generate_series(1, 200000) n;\n", [
      "-At",
    ]);
    return [stdout.length, createHash("sha256").update(stdout).digest("hex"), rest];
  },
  "large statement": () => psql(`select length('${"ä".repeat(1_000_000)}');\n`, ["-At"]),
  unicode: () =>
    psql(
      "select '🐘 l’été שלום' as \"naïve ☃\";\nset client_encoding = latin1;\nselect 'x' || chr(233);\nset client_encoding = utf8;\nselect 'on';\n",
    ),
  "settings and what the server reports": () =>
    psql(
      "set datestyle = 'sql, dmy';\nselect date '2024-02-29';\nset timezone = 'Asia/Kolkata';\nselect timestamptz '2024-02-29 00:00Z';\nset standard_conforming_strings = on;\nshow search_path;\nset role none;\nreset all;\nshow datestyle;\n",
    ),
  "arrays, json, numeric, ranges": () =>
    psql(
      "select '{1,NULL,-3}'::int[], array['a\"b','c,d'], '{\"a\": [1]}'::jsonb -> 'a', 123456789012345678901234567890.000001, '[1,5)'::int4range, row(1,'a,b',null), '\\x00ff'::bytea, 'NaN'::float8, interval '1 day 2 hours', '<a/>'::xml is document;\n",
    ),
  "backslash commands": () =>
    psql(catalog.map((one) => `\\echo ${one.replaceAll("\\", "\\\\")}\n${one}\n`).join(""), ["-v", "ON_ERROR_STOP=0"]),
  labelled: () =>
    psql(
      "select id, name, email, ssn from customers order by id;\nprepare q as select email from customers order by id;\nexecute q;\n\\copy customers (id, ssn) to stdout\nbegin;\ndeclare c cursor for select id, email from customers order by id;\nfetch all from c;\ncommit;\n",
      ["-At"],
    ),
});

function once(action) {
  let done = false;
  return (...args) => {
    if (done) return;
    done = true;
    void action(...args);
  };
}
