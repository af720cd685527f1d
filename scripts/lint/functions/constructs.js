import { eachSchema, operations, resolve } from './schemas.js';

// What the generator's templates support. Anything else would be silently ignored by them, so it is refused here.
const anywhere = ['type', 'description', 'example', 'nullable'];
const byType = {
  string: ['format', 'enum', 'pattern', 'minLength', 'maxLength', 'default'],
  integer: ['format', 'minimum', 'maximum', 'default'],
  boolean: ['default'],
  array: ['items', 'minItems', 'maxItems', 'uniqueItems'],
  object: ['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties',
    'x-closed', 'x-form', 'x-max-depth', 'x-max-bytes'],
};
// What may stand where, outside of schemas.
const members = {
  'the document': ['openapi', 'info', 'servers', 'tags', 'paths', 'components', 'x-max-body-bytes', 'x-door-responses',
    'x-response-headers'],
  components: ['schemas', 'responses', 'parameters', 'headers', 'securitySchemes'],
  'a path': ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'parameters'],
  'an operation': ['operationId', 'tags', 'summary', 'description', 'security', 'parameters', 'requestBody', 'responses', 'x-self',
    'x-client-authentication', 'x-open-by-setting'],
  'x-self': ['parameter', 'scope'],
  'a parameter': ['name', 'in', 'required', 'description', 'schema', 'example', 'x-catch-all'],
  'a request body': ['required', 'description', 'content'],
  'the content of a request': ['schema', 'encoding', 'example', 'examples'],
  'an answer': ['description', 'headers', 'content', 'x-stream', 'x-first-line'],
  'the content of an answer': ['schema', 'example', 'examples'],
  'a header': ['required', 'description', 'schema', 'example'],
};
const statuses = ['200', '201', '202', '204', '304', '400', '401', '403', '404', '408', '409', '410', '412', '413', '415', '422',
  '429', '431', '500', '503'];
const form = 'application/x-www-form-urlencoded';
const requestMediaTypes = ['application/json', 'application/merge-patch+json', form, 'text/plain', 'application/octet-stream'];
const methods = ['get', 'put', 'post', 'delete', 'patch'];
const formats = { string: ['uuid', 'date-time', 'email', 'uri', 'password', 'binary'], integer: ['int32', 'int64'] };
// The generator takes words of Rust as they are for the names of methods, and these for those of types.
const keywords = ['as', 'async', 'await', 'break', 'const', 'continue', 'crate', 'dyn', 'else', 'enum', 'extern', 'false', 'fn',
  'for', 'gen', 'if', 'impl', 'in', 'let', 'loop', 'match', 'mod', 'move', 'mut', 'pub', 'ref', 'return', 'self', 'static', 'struct',
  'super', 'trait', 'true', 'try', 'type', 'unsafe', 'use', 'where', 'while', 'yield'];
const typeNames = ['Check', 'Deserialize', 'Err', 'Found', 'FromText', 'LazyLock', 'None', 'Ok', 'Option', 'Pointer', 'Regex', 'Result',
  'Self', 'Serialize', 'Some', 'String', 'Texts', 'Vec'];
// Rust reads these otherwise than ECMAScript does, or not at all; the generator loses the backslash of the last.
const foreignPattern = /\\[dDwWsSbB1-9]|\(\?(?!:)|\\\//;

export default (document) => {
  const faults = [];
  const fault = (path, message) => faults.push({ path, message });
  if (!(Number.isInteger(document['x-max-body-bytes']) && document['x-max-body-bytes'] > 0)) {
    fault([], 'the document says in x-max-body-bytes how many bytes a body may have');
  }
  for (const [place, message] of memberFaults(document)) fault(place, message);
  eachSchema(document, (schema, path, place) => {
    for (const [key, message] of schemaFaults(document, schema, path, place)) {
      fault(key === null ? path : [...path, key], message);
    }
  });
  for (const name of Object.keys(document.components?.schemas ?? {})) {
    if (typeNames.includes(name)) fault(['components', 'schemas', name], `${name} is a name of the generated code; take another`);
  }
  for (const [route, item] of Object.entries(document.paths ?? {})) {
    if (!route.split('/').slice(1).every((part) => /^(\{[^{}]+\}|[^{}]*)$/.test(part))) {
      fault(['paths', route], 'a parameter in the path is a whole segment of it');
    }
  }
  for (const [operation, path] of operations(document)) {
    if (!methods.includes(path[2])) fault(path, `the templates do not support the method ${path[2]}`);
    for (const [place, message] of operationFaults(document, operation, path[1])) fault([...path, ...place], message);
  }
  return faults;
};

/** `[path, message]` for every member of the document outside of its schemas that is not supported. */
function memberFaults(document) {
  const faults = [];
  const has = (value, what, path) => {
    if (value?.$ref !== undefined && what !== 'a path') {
      if (Object.keys(value).length > 1) faults.push([path, 'what stands beside a $ref is ignored']);
      return;
    }
    for (const key of Object.keys(value ?? {})) {
      if (!members[what].includes(key)) faults.push([[...path, key], `the templates do not support \`${key}\` on ${what}`]);
    }
  };
  const each = (value, path, look) => {
    for (const [key, member] of Object.entries(value ?? {})) look(member, [...path, key]);
  };
  const parameter = (value, path) => has(value, 'a parameter', path);
  const header = (value, path) => has(value, 'a header', path);
  const answer = (value, path) => {
    has(value, 'an answer', path);
    each(value?.content, [...path, 'content'], (content, at) => has(content, 'the content of an answer', at));
    each(value?.headers, [...path, 'headers'], header);
  };
  has(document, 'the document', []);
  has(document.components, 'components', ['components']);
  each(document.paths, ['paths'], (item, path) => {
    has(item, 'a path', path);
    each(item.parameters, [...path, 'parameters'], parameter);
  });
  for (const [operation, path] of operations(document)) {
    has(operation, 'an operation', path);
    has(operation['x-self'], 'x-self', [...path, 'x-self']);
    each(operation.parameters, [...path, 'parameters'], parameter);
    const body = [...path, 'requestBody'];
    has(operation.requestBody, 'a request body', body);
    each(operation.requestBody?.content, [...body, 'content'], (content, at) => has(content, 'the content of a request', at));
    each(operation.responses, [...path, 'responses'], answer);
  }
  each(document['x-door-responses'], ['x-door-responses'], answer);
  each(document['x-response-headers'], ['x-response-headers'], header);
  each(document.components?.responses, ['components', 'responses'], answer);
  each(document.components?.parameters, ['components', 'parameters'], parameter);
  each(document.components?.headers, ['components', 'headers'], header);
  return faults;
}

const isObject = (schema) => schema?.type === 'object';
const isNamedObject = (schema) => isObject(schema) && schema.properties !== undefined;

/** `[key or null, message]` for everything in one schema that is not supported. */
function schemaFaults(document, schema, path, place) {
  const faults = [];
  const fault = (key, message) => faults.push([key, message]);
  if (schema.$ref !== undefined) {
    if (Object.keys(schema).length > 1) fault(null, 'what stands beside a $ref is ignored');
    if (!schema.$ref.startsWith('#/components/')) fault(null, 'the templates support references within the document alone');
    return faults;
  }
  if (!(schema.type in byType)) return [[null, `a schema needs one of the types ${Object.keys(byType).join(', ')}`]];
  const { type, format } = schema;
  for (const key of Object.keys(schema)) {
    if (!anywhere.includes(key) && !byType[type].includes(key)) {
      fault(key, `the templates do not support \`${key}\` on type ${type}`);
    }
    if (['maxLength', 'maxProperties'].includes(key) && !(schema[key] > 0)) fault(key, `the templates support no \`${key}\` below 1`);
  }
  if (format !== undefined && !(formats[type] ?? []).includes(format)) {
    fault('format', `the templates do not support the format ${format}`);
  }
  if (type === 'integer' && format === undefined) fault(null, 'an integer needs the format int32 or int64');
  if (schema.pattern !== undefined && foreignPattern.test(schema.pattern)) {
    fault('pattern', 'write classes out ([0-9]), do without lookaround, and write / without a backslash');
  }
  if (['uuid', 'date-time', 'binary'].includes(format) || schema.enum !== undefined) {
    for (const key of ['pattern', 'minLength', 'maxLength', ...(schema.enum === undefined ? [] : ['format'])]) {
      if (schema[key] !== undefined) fault(key, `the templates do not support \`${key}\` on ${schema.enum ? 'an enum' : format}`);
    }
  }
  const isContent = path.at(-1) === 'schema' && path.at(-3) === 'content';
  if (format === 'binary' && !isContent) fault('format', 'the templates support the format binary for whole bodies alone');
  // A parameter's own schema; the generator loses the default of a named one.
  const isParameter = path.at(-1) === 'schema' && (path.at(-3) === 'parameters');
  if (schema.default !== undefined) {
    const parameter = isParameter && path.slice(0, -1).reduce((node, key) => node?.[key], document);
    if (!['query', 'header'].includes(parameter?.in) || parameter.required === true || format === 'uuid' || format === 'date-time' || format === 'password') {
      fault('default', 'the templates support `default` in the schema of an optional parameter in the query or a header alone');
    }
  }
  if (schema.nullable === true && path.at(-2) !== 'properties' && place !== 'component') {
    fault('nullable', 'the templates support `nullable` on members of objects alone');
  }
  if (type === 'array') {
    const items = resolve(document, schema.items);
    if (items?.type === 'array') fault(null, 'the templates do not support arrays of arrays');
    if (items?.nullable === true) fault(null, 'the templates do not support arrays of what is nullable');
    if (schema.uniqueItems === true && (isObject(items) || items?.format === 'password')) {
      fault('uniqueItems', 'the templates do not support `uniqueItems` on objects or secrets');
    }
  }
  if (type === 'object') {
    if (!['boolean', 'undefined'].includes(typeof schema.additionalProperties)) {
      fault('additionalProperties', 'the templates support `additionalProperties` of true or false alone');
    }
    if (schema.properties === undefined && schema.additionalProperties !== true) {
      fault(null, 'an object has properties, or `additionalProperties: true`');
    }
    if (schema.properties !== undefined) {
      for (const key of ['x-max-depth', 'x-max-bytes']) {
        if (schema[key] !== undefined) fault(key, `the templates support \`${key}\` on free-form objects alone`);
      }
      for (const key of ['minProperties', 'maxProperties']) {
        if (schema[key] !== undefined && schema['x-closed'] !== true) {
          fault(key, `the templates support \`${key}\` on free-form and on closed objects alone`);
        }
      }
    }
    if (schema['x-form'] === true) {
      if (schema['x-closed'] !== undefined) fault('x-closed', 'a form passes over what it does not know');
      for (const [name, written] of Object.entries(schema.properties ?? {})) {
        const member = resolve(document, written);
        if (isObject(member) || isObject(resolve(document, member?.items)) || member?.nullable === true) {
          fault(null, `the templates support neither objects nor null in a form (${name})`);
        }
      }
    }
    if (place === 'inline') fault(null, 'name this object under components/schemas and refer to it');
  }
  // A header with one value only is a constant, which needs no name.
  if (place === 'inline' && schema.enum !== undefined && !(path.includes('headers') && schema.enum.length === 1)) {
    fault(null, 'name this enum under components/schemas and refer to it');
  }
  return faults;
}

/** `[path from the operation, message]` for everything in one operation that is not supported. */
function operationFaults(document, operation, route) {
  const faults = [];
  const fault = (path, message) => faults.push([path, message]);
  if (operation.operationId === undefined) fault([], 'an operation needs an operationId');
  if (keywords.includes(operation.operationId)) fault(['operationId'], `${operation.operationId} is a word of Rust; take another`);

  const [requirement, ...alternatives] = operation.security ?? [];
  const names = Object.keys(requirement ?? {});
  if (alternatives.length > 0 || (requirement !== undefined && names.length !== 1)) {
    fault(['security'], 'the templates support one requirement of one scheme');
  }
  const scheme = document.components?.securitySchemes?.[names[0]];
  const isBasic = scheme?.type === 'http' && scheme.scheme === 'basic';
  if (names.length > 0 && !isBasic && scheme?.type !== 'oauth2') fault(['security'], 'the templates support the schemes oauth2 and http basic');
  if (isBasic !== (operation['x-client-authentication'] !== undefined)) {
    fault(['security'], 'the scheme http basic and x-client-authentication stand together');
  }

  const parameters = [
    ...(document.paths[route].parameters ?? []).map((written) => [['..', 'parameters'], written]),
    ...(operation.parameters ?? []).map((written, index) => [['parameters', String(index)], written]),
  ];
  for (const [at, written] of parameters) {
    const parameter = resolve(document, written);
    if (!['path', 'query', 'header'].includes(parameter?.in)) {
      fault(at, `the templates do not support parameters in ${parameter?.in}`);
    }
    if (parameter?.schema === undefined) fault(at, 'the templates support parameters with a schema alone');
    const schema = resolve(document, parameter?.schema);
    if (['array', 'object'].includes(schema?.type)) fault(at, `the templates do not support parameters of type ${schema.type}`);
    if (schema?.nullable === true) fault(at, 'the templates do not support parameters that are nullable');
    const catchesAll = parameter?.['x-catch-all'];
    if (catchesAll !== undefined && !(catchesAll === true && parameter.in === 'path' && route.endsWith(`/{${parameter.name}}`))) {
      fault(at, 'x-catch-all is `true`, on a parameter at the end of the path');
    }
  }

  const body = resolve(document, operation.requestBody);
  if (body !== undefined) {
    const types = Object.keys(body.content ?? {});
    if (body.required !== true) fault(['requestBody'], 'the templates support required bodies alone');
    if (types.length !== 1 || !requestMediaTypes.includes(types[0])) {
      fault(['requestBody'], `the templates support one of the media types ${requestMediaTypes.join(', ')}`);
    } else {
      const { schema: written, encoding } = body.content[types[0]];
      const schema = resolve(document, written);
      const isText = types[0] === 'text/plain';
      const fits = isText ? schema?.type === 'string' && schema.format === undefined && schema.enum === undefined
        : types[0] === 'application/octet-stream' ? schema?.format === 'binary' : isNamedObject(schema);
      if (!fits) fault(['requestBody'], 'JSON and forms are objects with properties, text/plain is a string, octet streams are binary');
      if (schema?.nullable === true) fault(['requestBody'], 'the templates do not support bodies that are nullable');
      if ((schema?.['x-form'] === true) !== (types[0] === form)) {
        fault(['requestBody'], 'a schema has `x-form: true` exactly if it is the body of a form');
      }
      // The default of a form's arrays, but clients that are generated join them with commas unless it is said.
      const arrays = types[0] !== form ? [] : Object.entries(schema?.properties ?? {})
        .filter(([, member]) => resolve(document, member)?.type === 'array')
        .map(([name]) => [name, { style: 'form', explode: true }]);
      if (JSON.stringify(Object.entries(encoding ?? {})) !== JSON.stringify(arrays)) {
        fault(['requestBody'], 'the arrays of a form, and nothing else, have an `encoding` of style form and explode true');
      }
    }
  }
  const open = operation['x-open-by-setting'];
  if (open !== undefined && (open !== true || scheme?.type !== 'oauth2')) {
    fault(['x-open-by-setting'], 'x-open-by-setting is `true`, on operations that take a token');
  }
  const client = operation['x-client-authentication'];
  if (client !== undefined) {
    if (!body?.content?.[form]) fault(['x-client-authentication'], 'client authentication needs a form');
    if (JSON.stringify(client) !== '["client_secret_basic","client_secret_post"]') {
      fault(['x-client-authentication'], 'the templates support client_secret_basic and client_secret_post, both');
    }
  }

  // What the generated code refuses by itself must have an answer.
  const owed = { 400: parameters.length > 0 || body !== undefined || names.length > 0, 401: names.length > 0,
    403: names.length > 0 && !isBasic, 413: body !== undefined, 415: body !== undefined };
  for (const [status, isOwed] of Object.entries(owed)) {
    if (isOwed && operation.responses?.[status] === undefined) {
      fault(['responses'], `this operation can be refused with ${status}, so it declares it`);
    }
  }
  for (const [status, written] of Object.entries(operation.responses ?? {})) {
    if (!statuses.includes(status)) fault(['responses', status], `the templates have no name for the status ${status}`);
    const response = resolve(document, written);
    const content = Object.entries(response?.content ?? {});
    const streams = response?.['x-stream'];
    if (streams !== undefined && (streams !== true || content.length !== 1 || /[/+]json$/.test(content[0][0]))) {
      fault(['responses', status, 'x-stream'], 'x-stream is `true`, on an answer with a body that is not JSON');
    }
    if (content.length > 1) fault(['responses', status], 'the templates support one media type per answer');
    for (const [mediaType, { schema: ofAnswer }] of content) {
      const schema = resolve(document, ofAnswer);
      const isPlain = schema?.type === 'string' && [undefined, 'binary'].includes(schema.format) && schema.enum === undefined;
      const isJson = /^application\/([a-z.-]+\+)?json$/.test(mediaType);
      if (isJson ? !['object', 'array'].includes(schema?.type) : !isPlain) {
        fault(['responses', status], 'JSON answers are objects or arrays, all others strings or binary');
      }
      if (schema?.nullable === true) fault(['responses', status], 'the templates do not support answers that are nullable');
    }
    for (const [name, header] of Object.entries(response?.headers ?? {})) {
      if (resolve(document, header)?.required !== true) {
        fault(['responses', status, 'headers', name], 'the templates support required headers alone');
      }
    }
  }
  return faults;
}
