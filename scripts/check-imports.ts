// Checks that imports go down only. Usage: node scripts/check-imports.ts [ROOT]
import { fileURLToPath } from "node:url";
import { readPackages } from "./imports/package-source.ts";
import { checkImports } from "./imports/rules.ts";

const root = process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url));
const packages = readPackages(root);
const problems = checkImports(packages);
for (const { where, what } of problems) console.error(`${where}: ${what}`);
const modules = packages.reduce((sum, pack) => sum + pack.modules.size, 0);
console.log(`${packages.length} packages, ${modules} modules, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
