import { operations, resolve } from './schemas.js';

// The generator flattens alternatives, so an operation states exactly one requirement, or [] when it is public.
export default (document) => {
  const faults = [];
  const schemes = document.components?.securitySchemes ?? {};
  const scopesOf = (scheme) => Object.keys(schemes[scheme]?.flows?.clientCredentials?.scopes ?? {});
  for (const [operation, path] of operations(document)) {
    const here = [...path, 'security'];
    if (!Array.isArray(operation.security)) {
      faults.push({ path, message: 'state `security`; [] when the operation is public' });
      continue;
    }
    if (operation.security.length > 1) faults.push({ path: here, message: 'state one requirement, not alternatives' });
    for (const requirement of operation.security) {
      const names = Object.keys(requirement);
      if (names.length !== 1) faults.push({ path: here, message: 'a requirement names exactly one scheme' });
      for (const name of names) {
        for (const scope of requirement[name]) {
          if (!scopesOf(name).includes(scope)) faults.push({ path: here, message: `${name} has no scope ${scope}` });
        }
        if (schemes[name]?.type === 'oauth2' && requirement[name].length !== 1) {
          faults.push({ path: here, message: 'an oauth2 requirement names exactly one scope' });
        }
        if (operation.responses?.['401'] === undefined) {
          faults.push({ path, message: 'an operation that authenticates declares 401' });
        }
      }
      if ((schemes[names[0]]?.type === 'http') !== (operation['x-client-authentication'] !== undefined)) {
        faults.push({ path, message: 'client authentication and `x-client-authentication` stand together' });
      }
    }
    const self = operation['x-self'];
    if (self !== undefined) {
      const inPath = (operation.parameters ?? []).map((parameter) => resolve(document, parameter))
        .some((parameter) => parameter?.in === 'path' && parameter.name === self.parameter);
      if (!inPath) faults.push({ path: [...path, 'x-self'], message: `there is no path parameter ${self.parameter}` });
      if (!operation.security.some((requirement) => Object.keys(requirement).some((name) => scopesOf(name).includes(self.scope)))) {
        faults.push({ path: [...path, 'x-self'], message: `the scheme has no scope ${self.scope}` });
      }
    }
  }
  return faults;
};
