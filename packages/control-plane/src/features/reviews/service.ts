import type { Review, ReviewRequest } from "@tidewaiter/core";
import { newId } from "@tidewaiter/core/ids";
import type { Sealer } from "../../seal/sealer.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { ReviewRow } from "./store.ts";

/** What a reviewer reads before deciding. */
export interface ReviewedStatement {
  readonly statement: string;
  readonly parameters: readonly string[];
}

export class ReviewService {
  readonly #store: ControlPlaneStore;
  readonly #sealer: Sealer;

  constructor(store: ControlPlaneStore, sealer: Sealer) {
    this.#store = store;
    this.#sealer = sealer;
  }

  async request(request: ReviewRequest): Promise<Review> {
    const id = newId("rev");
    const { statement, parameters, ...open } = request;
    return this.#sealer.sealing(() => {
      const { sealed, dataKey } = this.#sealer.seal(placeOf(id), JSON.stringify({ statement, parameters }));
      return this.#store.units.reviews.request({ id, request: open, sealedStatement: sealed, dataKey });
    });
  }

  async statement(row: ReviewRow): Promise<ReviewedStatement> {
    const plaintext = await this.#sealer.open(placeOf(row.id), row.sealedStatement);
    return JSON.parse(plaintext.toString()) as ReviewedStatement;
  }
}

function placeOf(id: string) {
  return { noun: "review", id, field: "statement" };
}
