// Reads the OpenAPI document: references, operations by tag, and what a call of each needs.

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];

/** Where the service lives: the folder that this page is in. */
export const BASE = new URL(".", document.baseURI);

export class Spec {
  constructor(document) {
    this.document = document;
    this.info = document.info;
  }

  static async load() {
    const response = await fetch(new URL("openapi.json", BASE), { credentials: "omit" });
    if (!response.ok) throw new Error(`openapi.json: ${response.status}`);
    return new Spec(await response.json());
  }

  /** What a reference leads to; siblings of `$ref` win, as JSON Schema lets them. */
  resolve(value) {
    if (!value || typeof value.$ref !== "string") return value ?? {};
    const { $ref, ...siblings } = value;
    let found = this.document;
    for (const part of $ref.slice(2).split("/")) {
      found = found?.[part.replaceAll("~1", "/").replaceAll("~0", "~")];
    }
    return { ...this.resolve(found), ...siblings };
  }

  /** Tags in their order, each with its operations in the document's order. */
  tags() {
    const tags = new Map((this.document.tags ?? []).map((tag) => [tag.name, { ...tag, operations: [] }]));
    for (const [path, item] of Object.entries(this.document.paths)) {
      for (const method of METHODS.filter((name) => name in item)) {
        const operation = this.#operation(path, method, item);
        const name = operation.tags?.[0] ?? "Other";
        if (!tags.has(name)) tags.set(name, { name, operations: [] });
        tags.get(name).operations.push(operation);
      }
    }
    return [...tags.values()].filter((tag) => tag.operations.length > 0);
  }

  #operation(path, method, item) {
    const operation = item[method];
    const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])];
    const security = operation.security ?? this.document.security ?? [];
    return {
      ...operation,
      path,
      method: method.toUpperCase(),
      id: operation.operationId ?? `${method}-${path}`,
      parameters: parameters.map((parameter) => this.resolve(parameter)),
      takesToken: security.some((requirement) => Object.keys(requirement).length > 0),
      needsToken: security.length > 0
        && security.every((requirement) => Object.keys(requirement).length > 0),
    };
  }
}
