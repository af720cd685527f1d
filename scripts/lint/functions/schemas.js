// Every schema of a document, as it is written (references are not followed), with the path at which it stands.

/** Calls `visit(schema, path, place)` for every schema; `place` is "component" for named ones, else "inline". */
export function eachSchema(document, visit) {
  const nested = (schema, path, place) => {
    if (schema === null || typeof schema !== 'object') return;
    visit(schema, path, place);
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      nested(property, [...path, 'properties', name], 'inline');
    }
    for (const key of ['items', 'not']) {
      if (schema[key]) nested(schema[key], [...path, key], 'inline');
    }
    if (schema.additionalProperties && typeof schema.additionalProperties === 'object') {
      nested(schema.additionalProperties, [...path, 'additionalProperties'], 'inline');
    }
    for (const key of ['oneOf', 'anyOf', 'allOf']) {
      (schema[key] ?? []).forEach((part, index) => nested(part, [...path, key, String(index)], 'inline'));
    }
  };
  // Whatever is called `schema` outside of an example belongs to a parameter, a header or a media type.
  const search = (value, path) => {
    if (value === null || typeof value !== 'object') return;
    for (const [key, child] of Object.entries(value)) {
      const here = [...path, key];
      if (key === 'example' || key === 'examples') continue;
      if (key === 'schema') nested(child, here, 'inline');
      else if (path.length === 1 && path[0] === 'components' && key === 'schemas') {
        for (const [name, schema] of Object.entries(child)) nested(schema, [...here, name], 'component');
      } else search(child, here);
    }
  };
  search(document, []);
}

/** The operations of a document: `[operation, path]` each. */
export function operations(document) {
  const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
  return Object.entries(document.paths ?? {}).flatMap(([route, item]) =>
    methods.filter((method) => item[method]).map((method) => [item[method], ['paths', route, method]]));
}

/** What a local reference leads to; anything else is returned as it is. */
export function resolve(document, value) {
  if (!value?.$ref?.startsWith('#/')) return value;
  return value.$ref.slice(2).split('/').reduce(
    (node, part) => node?.[part.replaceAll('~1', '/').replaceAll('~0', '~')], document);
}
