import { eachSchema, operations, resolve } from './schemas.js';

// `additionalProperties: false` does not reach the generator's templates and `x-closed: true` does not mean anything to
// anybody else, so both are written. What a client sends as JSON is closed.
export default (document) => {
  const faults = [];
  eachSchema(document, (schema, path) => {
    if ((schema.additionalProperties === false) !== (schema['x-closed'] === true)) {
      faults.push({ path, message: '`additionalProperties: false` and `x-closed: true` stand together or not at all' });
    }
  });
  for (const [operation, path] of operations(document)) {
    const body = resolve(document, operation.requestBody);
    const schema = resolve(document, body?.content?.['application/json']?.schema);
    if (schema && schema['x-closed'] !== true) {
      faults.push({ path: [...path, 'requestBody'], message: 'the schema of a JSON request body must be closed' });
    }
  }
  return faults;
};
