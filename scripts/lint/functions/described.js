import { eachSchema, operations } from './schemas.js';

// Whoever reads the document or generates a client from it finds words and an example on everything.
export default (document) => {
  const faults = [];
  const words = (value, path) => {
    if (!value.description?.trim()) faults.push({ path, message: 'has no description' });
  };
  const sample = (value, path) => {
    if (value.example === undefined && value.examples === undefined) faults.push({ path, message: 'has no example' });
  };
  eachSchema(document, (schema, path) => {
    if (schema.$ref !== undefined) return;
    words(schema, path);
    sample(schema, path);
  });
  for (const [operation, path] of operations(document)) {
    words(operation, path);
    if (!operation.summary?.trim()) faults.push({ path, message: 'has no summary' });
    if (operation.requestBody) words(operation.requestBody, [...path, 'requestBody']);
  }
  for (const kind of ['parameters', 'headers']) {
    for (const [name, value] of Object.entries(document.components?.[kind] ?? {})) {
      words(value, ['components', kind, name]);
      sample(value, ['components', kind, name]);
    }
  }
  for (const [name, scheme] of Object.entries(document.components?.securitySchemes ?? {})) {
    words(scheme, ['components', 'securitySchemes', name]);
  }
  return faults;
};
