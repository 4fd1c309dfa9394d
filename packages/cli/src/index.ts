export { EXIT_CODES, type Exit } from "./exit-codes.ts";
