/**
 * Appends numbered events for ever and says each number on stdout only after its flush: `node appending-child.ts JOURNALS
 * STORE SESSION`. Written to be killed.
 */
import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { createRecorder } from "../../src/recorder/recorder.ts";
import { notice, recordingStore, testSession } from "./recording-store.ts";

const [, , directory = "", store = "", sessionId = ""] = process.argv;
const recorder = createRecorder({
  session: testSession(sessionId),
  directory,
  controlPlane: recordingStore(store),
  mode: "strict",
  onFailure: (reason) => {
    writeSync(2, `${reason}\n`);
    process.exit(1);
  },
});

let number = 0;
function step(): void {
  for (let batch = 0; batch < 50; batch++) {
    number += 1;
    // Now and then large and hard to compress, so that a kill meets long writes and new segments too.
    const filler = number % 10 === 0 ? randomBytes(60_000).toString("base64") : "";
    recorder.append(notice(`${number} ${filler}`));
    void recorder.flush();
    writeSync(1, `${number}\n`);
  }
  setImmediate(step);
}
step();
