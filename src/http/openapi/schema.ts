/** What a JSON value may be: the part of JSON Schema 2020-12 that OpenAPI 3.1 shares and the API needs. */
export interface JsonSchema {
  readonly type?: SchemaType | readonly SchemaType[];
  readonly description?: string;
  readonly enum?: readonly (string | number)[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly $ref?: string;
}

/** The types of JSON, with the whole numbers among them. */
export type SchemaType = "string" | "number" | "integer" | "boolean" | "object" | "array" | "null";

/** A text. */
export function anyText(description?: string): JsonSchema {
  return described({ type: "string" }, description);
}

/** A number. */
export function number(description?: string): JsonSchema {
  return described({ type: "number" }, description);
}

/** A whole number. */
export function whole(description?: string): JsonSchema {
  return described({ type: "integer" }, description);
}

/** True or false. */
export function truth(description?: string): JsonSchema {
  return described({ type: "boolean" }, description);
}

/** One of these words. */
export function word(...words: readonly string[]): JsonSchema {
  return { type: "string", enum: words };
}

/** A list. */
export function list(items: JsonSchema, description?: string): JsonSchema {
  return described({ type: "array", items }, description);
}

/** The same, or null. */
export function orNull(schema: JsonSchema): JsonSchema {
  return { ...schema, type: [schema.type ?? "object", "null"].flat() as SchemaType[] };
}

/** An object with all of these members, and those of `optional` at times. */
export function record(
  members: Readonly<Record<string, JsonSchema>>,
  optional: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  return { type: "object", properties: { ...members, ...optional }, required: Object.keys(members) };
}

/** An object whose members have any names. */
export function mapOf(values: JsonSchema, description?: string): JsonSchema {
  return described({ type: "object", additionalProperties: values }, description);
}

/** Members that all of SRS's answers have, and those of this one. */
export function enveloped(
  members: Readonly<Record<string, JsonSchema>> = {},
  optional: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  return record({
    code: whole("0: good"),
    server: anyText("id of the server"),
    service: anyText("id of this start of it"),
    pid: anyText(),
    ...members,
  }, optional);
}

function described(schema: JsonSchema, description?: string): JsonSchema {
  return description === undefined ? schema : { ...schema, description };
}
