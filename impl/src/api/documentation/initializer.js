// Shows the specification of the server that this page came from, and sends requests to that server alone.

// What a reference stands for.
const follow = (document, value) =>
  value?.$ref ? follow(document, value.$ref.slice(2).split('/').reduce((inside, name) => inside[name], document)) : value;

const forExample = (description, example) =>
  [description.trim(), example === undefined ? '' : `For example \`${[example].flat().join(' ')}\`.`].join('\n\n');

// Swagger UI begins with the specification's examples in its fields, and sends them: a cursor that no list gave, the id of
// nobody, a second secret. So the examples of parameters and forms stand beside the fields, and what is sent is what somebody
// typed. Bodies in JSON keep theirs, because nobody types a whole one.
const emptyParameter = (document, parameter) => {
  const { example: general, ...schema } = follow(document, parameter.schema);
  const { example = general, ...rest } = parameter;
  return { ...rest, description: forExample(parameter.description, example), schema };
};

const emptyField = (document, field, name) => {
  const { example, ...schema } = follow(document, field);
  // There is but one grant.
  if (name === 'grant_type') return { ...schema, example };
  // Without an example Swagger UI would make one up.
  return { ...schema, description: forExample(schema.description, example), example: schema.type === 'array' ? [] : '' };
};

const emptyFields = (document) => {
  const inside = (values, change) =>
    Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, change(document, value, name)]));
  const ofList = (list) => list?.map((parameter) => (parameter.$ref ? parameter : emptyParameter(document, parameter)));
  document.components.parameters = inside(document.components.parameters, emptyParameter);
  for (const path of Object.values(document.paths)) {
    path.parameters = ofList(path.parameters);
    for (const operation of Object.values(path).filter((one) => one?.operationId)) {
      operation.parameters = ofList(operation.parameters);
      const form = follow(document, operation.requestBody)?.content?.['application/x-www-form-urlencoded'];
      if (!form) continue;
      const schema = follow(document, form.schema);
      form.schema = { ...schema, properties: inside(schema.properties, emptyField) };
    }
  }
};

// Colours are guessed from the whole text, and for a long one (this page's own script, an export) that holds the page for minutes.
const longTextsArePlain = (system) => ({
  wrapComponents: {
    SyntaxHighlighter: (Original) => (properties) => {
      const plain = properties.children?.length > 50000;
      return system.React.createElement(plain ? system.getComponent('PlainTextViewer') : Original, properties);
    },
  },
});

fetch('/openapi.json')
  .then((answer) => answer.json())
  .then((document) => {
    document.servers = [{ url: window.location.origin, description: 'The server that this page came from.' }];
    emptyFields(document);
    window.ui = SwaggerUIBundle({
      spec: document,
      dom_id: '#api',
      deepLinking: true,
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
      persistAuthorization: false,
      validatorUrl: null,
      plugins: [longTextsArePlain],
      // A browser that is refused with a challenge asks for a password in a window of its own, unless it was told to keep what
      // it knows out of this.
      requestInterceptor: (request) => Object.assign(request, { credentials: 'omit' }),
    });
  });
