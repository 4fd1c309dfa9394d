import { PrismaPg } from "@prisma/adapter-pg";
import { endpoint, runScenarios } from "../shared/scenarios.mjs";
import { Prisma, PrismaClient } from "./generated/client.ts";

const prisma = new PrismaClient({ adapter: new PrismaPg({ ...endpoint, ssl: { rejectUnauthorized: false } }) });
const names = () => prisma.item.findMany({ select: { name: true }, orderBy: { name: "asc" } });
const codeOf = (promise) =>
  promise.then(
    () => "no error",
    (error) => [error.code ?? error.name, error.meta?.driverAdapterError?.cause?.originalCode ?? null],
  );

await runScenarios({
  connect: () => prisma.$queryRaw`select current_database(), current_user::text`,
  simple: () => prisma.number.findUnique({ where: { n: 42 } }),
  parameters: () =>
    prisma.$queryRaw`select ${-7}::int2 a, ${2147483647}::int4 b, ${9223372036854775807n}::int8 c, ${0.1}::float8 d, ${true}::bool e, ${"tëxt"}::text f, ${"2024-02-29"}::date h, ${new Date(0)}::timestamptz i, ${new Prisma.Decimal("1.50")}::numeric j, ${[1, 2]}::int[] k, ${{ a: [1] }}::jsonb l`,
  transaction: async () => {
    const rolledBack = await codeOf(
      prisma.$transaction(async (tx) => {
        await tx.item.create({ data: { name: "rolled back" } });
        throw new Error("on purpose");
      }),
    );
    const kept = await prisma.$transaction(
      [
        prisma.item.create({ data: { name: "a" }, select: { name: true } }),
        prisma.item.create({ data: { name: "b", note: "ü" }, select: { name: true } }),
      ],
      { isolationLevel: "Serializable" },
    );
    return [rolledBack, kept, await names()];
  },
  "errors, then on": async () => [
    await codeOf(prisma.$queryRaw`select 1/0`),
    await codeOf(prisma.item.create({ data: { name: "a" } })),
    await codeOf(prisma.item.delete({ where: { name: "nothing" } })),
    await names(),
  ],
  "create many": () => prisma.item.createMany({ data: [{ name: "c" }, { name: "a" }], skipDuplicates: true }),
  upsert: () =>
    prisma.item.upsert({
      where: { name: "a" },
      create: { name: "a" },
      update: { note: "newer" },
      select: { note: true },
    }),
  update: () => prisma.item.updateMany({ where: { name: { startsWith: "b" } }, data: { note: "x" } }),
  delete: () => prisma.item.deleteMany({ where: { name: { in: ["c", "nothing"] } } }),
  aggregate: () => prisma.number.aggregate({ _count: true, _max: { n: true }, where: { n: { gt: 900 } } }),
  pages: async () => [
    await prisma.number.findMany({ take: 3, skip: 10, orderBy: { n: "desc" } }),
    await prisma.number.findMany({ take: 2, cursor: { n: 500 }, orderBy: { n: "asc" } }),
  ],
  "big result": async () => (await prisma.number.findMany()).length,
  "many parameters": async () =>
    (await prisma.number.findMany({ where: { n: { in: Array.from({ length: 20_000 }, (_, n) => n) } } })).length,
  unicode: () => prisma.item.create({ data: { name: "🐘 l’été שלום" }, select: { name: true } }),
  labelled: async () => [
    await prisma.customer.findMany({ orderBy: { id: "asc" } }),
    await prisma.customer.findUnique({ where: { id: 2 }, select: { email: true } }),
  ],
});
