import { operations, resolve } from './schemas.js';

// Errors are written once and referenced; bodies have a schema and an example; some statuses owe a header.
const owed = { 201: 'Location', 401: 'WWW-Authenticate', 405: 'Allow', 429: 'Retry-After', 503: 'Retry-After' };

// What must answer however often it is asked, and what must however much else is in work.
const unlimited = ['Health', 'Documentation'];
const roomy = ['Health'];

// What an operation can be answered before it does anything: [status, whether it can be, why].
const beforehand = (operation) => [
  ['408', operation.requestBody !== undefined, 'a body can come too slowly'],
  ['429', !unlimited.includes(operation.tags?.[0]), `rate limits apply to every operation but those of ${unlimited.join(' and ')}`],
  ['431', operation['x-client-authentication'] !== undefined, 'headers can be too large, and what takes a client says so in its own shape'],
  ['500', true, 'anything can fail'],
  ['503', !roomy.includes(operation.tags?.[0]), `there can be no room for any operation but those of ${roomy.join(' and ')}`],
];

export default (document) => {
  const faults = [];
  const check = (status, written, path) => {
    if (status >= '400' && written.$ref === undefined) {
      faults.push({ path, message: 'errors are written under components/responses and referenced' });
    }
    if (!/^[1-5][0-9][0-9]$/.test(status)) faults.push({ path, message: 'name each status by its number' });
    const response = resolve(document, written) ?? {};
    if (owed[status] && !response.headers?.[owed[status]]) {
      faults.push({ path, message: `${status} needs the header ${owed[status]}` });
    }
    for (const [name, header] of Object.entries(response.headers ?? {})) {
      if (header.$ref === undefined) {
        faults.push({ path: [...path, 'headers', name], message: 'headers are written under components/headers and referenced' });
      }
    }
    for (const [media, content] of Object.entries(response.content ?? {})) {
      if (content.schema === undefined) faults.push({ path, message: `${media} has no schema` });
      if (content.example === undefined && content.examples === undefined) {
        faults.push({ path, message: `${media} has no example` });
      }
    }
  };
  for (const [operation, path] of operations(document)) {
    for (const [status, can, why] of beforehand(operation)) {
      if (can && operation.responses?.[status] === undefined) {
        faults.push({ path: [...path, 'responses'], message: `${why}: declare ${status}` });
      }
    }
    for (const [status, written] of Object.entries(operation.responses ?? {})) {
      check(status, written, [...path, 'responses', status]);
    }
    for (const [media, content] of Object.entries(operation.requestBody?.content ?? {})) {
      if (content.example === undefined && content.examples === undefined) {
        faults.push({ path: [...path, 'requestBody'], message: `${media} has no example` });
      }
    }
    (operation.parameters ?? []).forEach((parameter, index) => {
      if (parameter.$ref === undefined) {
        faults.push({
          path: [...path, 'parameters', String(index)],
          message: 'parameters are written under components/parameters and referenced',
        });
      }
    });
  }
  for (const [status, written] of Object.entries(document['x-door-responses'] ?? {})) {
    check(status, written, ['x-door-responses', status]);
  }
  for (const [name, written] of Object.entries(document['x-response-headers'] ?? {})) {
    if (written.$ref === undefined) {
      faults.push({ path: ['x-response-headers', name], message: 'headers are written under components/headers and referenced' });
    }
  }
  return faults;
};
