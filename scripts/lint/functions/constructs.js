import { eachSchema, operations, resolve } from './schemas.js';

// What the generator's templates support. Anything else would be silently ignored by them, so it is refused here.
const anywhere = ['type', 'description', 'example', 'nullable', 'readOnly'];
const byType = {
  string: ['format', 'enum', 'pattern', 'minLength', 'maxLength', 'default'],
  integer: ['format', 'minimum', 'maximum', 'default'],
  boolean: ['default'],
  array: ['items', 'minItems', 'maxItems', 'uniqueItems'],
  object: ['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties',
    'x-closed', 'x-form', 'x-max-depth', 'x-max-bytes'],
};
const statuses = ['200', '201', '202', '204', '304', '400', '401', '403', '404', '409', '410', '412', '413', '415', '422',
  '429', '500', '503'];
const requestMediaTypes = ['application/json', 'application/merge-patch+json', 'application/x-www-form-urlencoded',
  'text/plain', 'application/octet-stream'];
const methods = ['get', 'put', 'post', 'delete', 'patch'];
const formats = { string: ['uuid', 'date-time', 'email', 'uri', 'password', 'binary'], integer: ['int32', 'int64'] };

export default (document) => {
  const faults = [];
  eachSchema(document, (schema, path, place) => {
    if (schema.$ref !== undefined) {
      if (Object.keys(schema).length > 1) faults.push({ path, message: 'what stands beside a $ref is ignored' });
      return;
    }
    if (!(schema.type in byType)) {
      faults.push({ path, message: `a schema needs one of the types ${Object.keys(byType).join(', ')}` });
      return;
    }
    for (const key of Object.keys(schema)) {
      if (!anywhere.includes(key) && !byType[schema.type].includes(key)) {
        faults.push({ path: [...path, key], message: `the templates do not support \`${key}\` on type ${schema.type}` });
      }
    }
    if (schema.format !== undefined && !(formats[schema.type] ?? []).includes(schema.format)) {
      faults.push({ path: [...path, 'format'], message: `the templates do not support the format ${schema.format}` });
    }
    if (schema.type === 'array' && resolve(document, schema.items)?.type === 'array') {
      faults.push({ path, message: 'the templates do not support arrays of arrays' });
    }
    if (place === 'inline' && schema.type === 'object') {
      faults.push({ path, message: 'name this object under components/schemas and refer to it' });
    }
    // A header with one value only is a constant, which needs no name.
    if (place === 'inline' && schema.enum !== undefined && !(path.includes('headers') && schema.enum.length === 1)) {
      faults.push({ path, message: 'name this enum under components/schemas and refer to it' });
    }
  });
  for (const [operation, path] of operations(document)) {
    if (!methods.includes(path[2])) faults.push({ path, message: `the templates do not support the method ${path[2]}` });
    for (const [place, message] of operationFaults(document, operation)) {
      faults.push({ path: [...path, ...place], message });
    }
  }
  return faults;
};

function operationFaults(document, operation) {
  const faults = [];
  if (operation.callbacks !== undefined) faults.push([['callbacks'], 'the templates do not support callbacks']);
  for (const [index, reference] of (operation.parameters ?? []).entries()) {
    const parameter = resolve(document, reference);
    const at = ['parameters', String(index)];
    if (!['path', 'query', 'header'].includes(parameter?.in)) {
      faults.push([at, `the templates do not support parameters in ${parameter?.in}`]);
    }
    if (parameter?.schema === undefined) faults.push([at, 'the templates support parameters with a schema alone']);
    for (const key of ['style', 'explode', 'allowReserved', 'allowEmptyValue', 'content']) {
      if (parameter?.[key] !== undefined) faults.push([at, `the templates do not support \`${key}\` on a parameter`]);
    }
    const schema = resolve(document, parameter?.schema);
    if (['array', 'object'].includes(schema?.type)) {
      faults.push([at, `the templates do not support parameters of type ${schema.type}`]);
    }
    if (parameter?.['x-catch-all'] !== undefined && parameter.in !== 'path') {
      faults.push([at, 'x-catch-all is for a parameter in the path']);
    }
  }
  const body = resolve(document, operation.requestBody);
  if (body !== undefined) {
    const types = Object.keys(body.content ?? {});
    if (body.required !== true) faults.push([['requestBody'], 'the templates support required bodies alone']);
    if (types.length !== 1 || !requestMediaTypes.includes(types[0])) {
      faults.push([['requestBody'], `the templates support one of the media types ${requestMediaTypes.join(', ')}`]);
    }
    const schema = resolve(document, body.content?.[types[0]]?.schema);
    const isForm = types[0] === 'application/x-www-form-urlencoded';
    if ((schema?.['x-form'] === true) !== isForm) {
      faults.push([['requestBody'], 'a schema has `x-form: true` exactly if it is the body of a form']);
    }
  }
  if ((operation['x-client-authentication'] !== undefined) && !Object.keys(body?.content ?? {}).includes('application/x-www-form-urlencoded')) {
    faults.push([['x-client-authentication'], 'client authentication needs a form']);
  }
  for (const [status, reference] of Object.entries(operation.responses ?? {})) {
    if (!statuses.includes(status)) {
      faults.push([['responses', status], `the templates have no name for the status ${status}`]);
    }
    const response = resolve(document, reference);
    if (Object.keys(response?.content ?? {}).length > 1) {
      faults.push([['responses', status], 'the templates support one media type per answer']);
    }
    for (const [name, header] of Object.entries(response?.headers ?? {})) {
      if (resolve(document, header)?.required !== true) {
        faults.push([['responses', status, 'headers', name], 'the templates support required headers alone']);
      }
    }
    if (response?.links !== undefined) faults.push([['responses', status], 'the templates do not support links']);
  }
  return faults;
}
