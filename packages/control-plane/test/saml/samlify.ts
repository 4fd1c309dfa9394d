import { createRequire } from "node:module";

interface Entity {
  readonly entityMeta: { getEntityID(): string; getAssertionConsumerService(binding: string): unknown };
}

interface Provider extends Entity {
  createLoginResponse(
    sp: Entity,
    request: unknown,
    binding: "post",
    user: object,
    fill: (template: string) => { id: string; context: string },
    encryptThenSign: boolean,
  ): Promise<{ context: string }>;
}

/** What is used here of samlify. Its own types would bring those of browsers into every file. */
interface Samlify {
  setSchemaValidator(validator: { validate(xml: string): Promise<unknown> }): void;
  IdentityProvider(settings: object): Provider;
  ServiceProvider(settings: object): Entity;
  readonly SamlLib: { replaceTagsByValue(template: string, values: Readonly<Record<string, string>>): string };
  readonly Constants: { readonly namespace: { readonly binding: { readonly redirect: string } } };
}

export const samlify = createRequire(import.meta.url)("samlify") as Samlify;

samlify.setSchemaValidator({ validate: async () => "not checked: it is made by samlify itself" });
