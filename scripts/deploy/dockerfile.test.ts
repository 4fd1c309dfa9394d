import { expect, it } from "vitest";
import { copyOf, lintDockerfile, readStages } from "./dockerfile.ts";

const good = 'FROM node:24.1.0-slim\nUSER node\nENTRYPOINT ["node", "main.js"]\n';

it("joins continued lines and keeps stages apart", () => {
  const stages = readStages(`# comment\nFROM a:1 AS one\nRUN x && \\\n  # inside\n  y\n${good}`);
  expect(stages.map(({ image, instructions }) => [image, instructions.length])).toEqual([
    ["a:1", 2],
    ["node:24.1.0-slim", 3],
  ]);
  expect(stages[0]?.instructions[1]).toMatchObject({ name: "RUN", line: 3 });
});

it("reads what is copied from the context", () => {
  const copy = (rest: string) => copyOf({ name: "COPY", rest, line: 1 });
  expect(copy("a b ./")).toEqual({ sources: ["a", "b"], destination: "./" });
  expect(copy("--from=packages /app /app")).toBeUndefined();
});

it("finds nothing wrong with a good one", () => {
  expect(lintDockerfile(good)).toEqual([]);
});

it.each([
  ["root", 'FROM node:24\nENTRYPOINT ["node"]'],
  ["root by number", 'FROM node:24\nUSER 0\nENTRYPOINT ["node"]'],
  ["root again", 'FROM node:24\nUSER node\nUSER root\nENTRYPOINT ["node"]'],
  ["a shell before the program", "FROM node:24\nUSER node\nENTRYPOINT node main.js"],
  ["a moving image", good.replace("24.1.0-slim", "latest")],
  ["an image without a tag", good.replace(":24.1.0-slim", "")],
  ["ADD", good.replace("USER", "ADD https://mail.example/x /x\nUSER")],
  ["a secret", good.replace("USER", "ENV JOIN_TOKEN=abc\nUSER")],
  ["recommended packages", good.replace("USER", "RUN apt-get install -y x\nUSER")],
])("finds %s", (_, source) => {
  expect(lintDockerfile(source)).toHaveLength(1);
});
