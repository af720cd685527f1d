import { operations } from './schemas.js';

// A tag becomes a trait of the generated crate, so an operation has one and it is declared.
export default (document) => {
  const declared = (document.tags ?? []).map((tag) => tag.name);
  return operations(document).flatMap(([operation, path]) => {
    const tags = operation.tags ?? [];
    if (tags.length === 1 && declared.includes(tags[0])) return [];
    return [{ path: [...path, 'tags'], message: 'name exactly one of the declared tags' }];
  });
};
