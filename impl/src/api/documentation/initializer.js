// Shows the specification of the server that this page came from, and sends requests to that server alone.
fetch('/openapi.json')
  .then((answer) => answer.json())
  .then((document) => {
    document.servers = [{ url: window.location.origin, description: 'The server that this page came from.' }];
    window.ui = SwaggerUIBundle({
      spec: document,
      dom_id: '#api',
      deepLinking: true,
      displayRequestDuration: true,
      persistAuthorization: false,
      validatorUrl: null,
    });
  });
