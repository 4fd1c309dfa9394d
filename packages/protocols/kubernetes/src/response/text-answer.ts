import type { ActiveDetectors } from "@tidewaiter/toolkit/content/active-detectors";
import { OutputMask } from "@tidewaiter/toolkit/terminal/output-mask";
import type { BodyMask } from "./body-mask.ts";

/** Lines of a log, errors in plain text: what the detectors find in them, across chunks. */
export class TextAnswer implements BodyMask {
  readonly #mask: OutputMask;
  readonly #column: string;
  readonly #labels: readonly string[];

  constructor({ set, labels }: ActiveDetectors, column: string) {
    this.#mask = new OutputMask({ set, keepWidth: false });
    this.#column = column;
    this.#labels = [...new Set([...labels.values()].flat())].sort();
  }

  get masked(): BodyMask["masked"] {
    if (this.#mask.found === 0) return [];
    return [{ column: this.#column, labels: this.#labels, transform: "redact" }];
  }

  push(chunk: Buffer): Buffer {
    return this.#mask.push(chunk);
  }

  /** What is held because its line has not ended: for a stream that is silent for a while. */
  flush(): Buffer {
    return this.#mask.flush();
  }

  end(): Buffer {
    return this.#mask.flush();
  }
}
