/** Prints microseconds per statement, first seen and cached: `node src/sql/classifier.bench.ts`. */
import { loadClassifier } from "./classifier.ts";

const ROUNDS = 3000;
const STATEMENTS: Readonly<Record<string, string>> = {
  "primary key": "select id, email from customers where id = $1",
  join: "select o.id, o.total, c.country from orders o join customers c on c.id = o.customer_id where o.total > 100 limit 20",
  aggregate: "select country, count(*), sum(total) from orders group by country having sum(total) > 10 order by 2 desc",
  update: "update orders set total = total + 1 where id = $1 returning id, total",
  cte: "with c as (select id, lower(email) e from customers where country = 'US') select c.e, o.total from c join orders o on o.customer_id = c.id order by o.total",
  set: "set statement_timeout = '5s'",
};

const cold = await loadClassifier({ cacheBytes: 0 });
const warm = await loadClassifier();
const show: Record<string, { "first seen, median": number; "first seen, p99": number; cached: number }> = {};
for (const [name, sql] of Object.entries(STATEMENTS)) {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    cold.classify(sql);
    times.push((performance.now() - start) * 1000);
  }
  times.sort((a, b) => a - b);
  warm.classify(sql);
  const start = performance.now();
  for (let round = 0; round < ROUNDS; round++) warm.classify(sql);
  const at = (share: number): number => Math.round(times[Math.floor(ROUNDS * share)] ?? 0);
  const cached = Math.round(((performance.now() - start) * 1e6) / ROUNDS) / 1000;
  show[name] = { "first seen, median": at(0.5), "first seen, p99": at(0.99), cached };
}
console.table(show);
