import { eachSchema } from './schemas.js';

// What the generator's templates support. Anything else would be silently ignored by them, so it is refused here.
const anywhere = ['type', 'description', 'example', 'nullable', 'readOnly'];
const byType = {
  string: ['format', 'enum', 'pattern', 'minLength', 'maxLength', 'default'],
  integer: ['format', 'minimum', 'maximum', 'default'],
  boolean: ['default'],
  array: ['items', 'minItems', 'maxItems', 'uniqueItems'],
  object: ['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties',
    'x-closed', 'x-max-depth', 'x-max-bytes'],
};
const formats = { string: ['uuid', 'date-time', 'email', 'uri', 'password'], integer: ['int32', 'int64'] };

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
    if (place === 'inline' && schema.type === 'object') {
      faults.push({ path, message: 'name this object under components/schemas and refer to it' });
    }
    if (place === 'inline' && schema.enum !== undefined) {
      faults.push({ path, message: 'name this enum under components/schemas and refer to it' });
    }
  });
  return faults;
};
