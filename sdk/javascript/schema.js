// Whether arguments fit their JSON Schema, for the keywords that schemas of tools use. What is wrong is said with the
// place where it is, so that a model can mend it.

import { Failure } from "./failure.js";

/** The arguments with the schema's defaults filled in; throws `invalid` for the first thing that does not fit. */
export function fitted(value, schema, path = "") {
  if (schema.type !== undefined) checkType(value, [schema.type].flat(), path);
  checkChoice(value, schema, path);
  if (typeof value === "number") checkNumber(value, schema, path);
  if (typeof value === "string") checkText(value, schema, path);
  if (Array.isArray(value)) return fittedArray(value, schema, path);
  if (isObject(value)) return fittedObject(value, schema, path);
  return value;
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

const IS = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
};

function wrong(path, must, value) {
  const shown = value === undefined ? "" : `, not ${JSON.stringify(value).slice(0, 80)}`;
  return Failure.invalid(`${path ? `\`${path}\`` : "the arguments"} must be ${must}${shown}`);
}

function checkType(value, types, path) {
  if (types.some((type) => IS[type]?.(value))) return;
  const named = types.map((type) => (/^[aeiou]/.test(type) ? `an ${type}` : type === "null" ? type : `a ${type}`));
  throw wrong(path, named.join(" or "), value);
}

function checkChoice(value, schema, path) {
  const same = (one) => JSON.stringify(one) === JSON.stringify(value);
  if (schema.enum && !schema.enum.some(same)) {
    throw wrong(path, `one of ${schema.enum.map((one) => JSON.stringify(one)).join(", ")}`, value);
  }
  if ("const" in schema && !same(schema.const)) throw wrong(path, JSON.stringify(schema.const), value);
}

function checkNumber(value, schema, path) {
  if (value < schema.minimum) throw wrong(path, `at least ${schema.minimum}`, value);
  if (value > schema.maximum) throw wrong(path, `at most ${schema.maximum}`, value);
}

function checkText(value, schema, path) {
  if (value.length < schema.minLength) throw wrong(path, `at least ${schema.minLength} characters long`, value);
  if (value.length > schema.maxLength) throw wrong(path, `at most ${schema.maxLength} characters long`);
  if (schema.pattern && !new RegExp(schema.pattern, "u").test(value)) {
    throw wrong(path, `of the form ${schema.pattern}`, value);
  }
}

function fittedArray(value, schema, path) {
  if (value.length < schema.minItems) throw wrong(path, `a list of at least ${schema.minItems}`);
  if (value.length > schema.maxItems) throw wrong(path, `a list of at most ${schema.maxItems}`);
  return schema.items ? value.map((item, at) => fitted(item, schema.items, `${path}[${at}]`)) : value;
}

function fittedObject(value, schema, path) {
  const properties = schema.properties ?? {};
  const inside = (name) => (path ? `${path}.${name}` : name);
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) throw Failure.invalid(`\`${inside(name)}\` is missing`);
  }
  const result = {};
  for (const [name, inner] of Object.entries(value)) {
    if (Object.hasOwn(properties, name)) {
      result[name] = fitted(inner, properties[name], inside(name));
    } else if (schema.additionalProperties === false) {
      const known = Object.keys(properties).join(", ") || "none";
      throw Failure.invalid(`there is no argument \`${inside(name)}\`; there are: ${known}`);
    } else {
      const other = schema.additionalProperties;
      result[name] = isObject(other) ? fitted(inner, other, inside(name)) : inner;
    }
  }
  for (const [name, one] of Object.entries(properties)) {
    if (!Object.hasOwn(result, name) && one.default !== undefined) result[name] = structured(one.default);
  }
  return result;
}

/** A copy, so that a tool cannot change the schema. */
const structured = (value) => JSON.parse(JSON.stringify(value));
