/**
 * How often what is bound for a resource was changed elsewhere: by an administrator, or by another gateway that saw its
 * schema change. Sessions read the bindings again when the number is another one.
 */
export class LabelDecisions {
  readonly #byResource = new Map<string, number>();
  #missed = 0;

  of(resourceId: string): number {
    return (this.#byResource.get(resourceId) ?? 0) + this.#missed;
  }

  changed(resourceId: string): void {
    this.#byResource.set(resourceId, (this.#byResource.get(resourceId) ?? 0) + 1);
  }

  /** Changes of any resource may have gone unheard. */
  missed(): void {
    this.#missed++;
  }
}
