# What the generator itself gets wrong in TypeScript, put right in each file that it makes. A rule that finds nothing any
# more makes the tests of the SDK no worse, and can go.

# Above each file stands the whole description of the API.
s{^/\*\*\n \* AgentIdP\n.*?\*/\n}{// Made from openapi.yaml by openapi-generator; nobody types here.\n}ms;

# Lists whose items are unique are JSON arrays all the same, and a Set is none.
s/\bSet<(\w+)>/Array<$1>/g;
s/\bnew Set\(/(/g;

# A path that takes the rest of the URL (x-catch-all) has slashes of its own.
s/(replace\('\{path\}', encodeURIComponent\(String\(requestParameters\['path'\]\)\))\)/$1.replaceAll('%2F', '\/'))/g;

# These types are the browser's; Node.js has the functions, and not these names.
s/WindowOrWorkerGlobalScope\['fetch'\]/(url: string, init: RequestInit) => Promise<Response>/g;
s/\bRequestCredentials\b/RequestInit['credentials']/g;
