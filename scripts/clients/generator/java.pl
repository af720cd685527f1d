# What the generator itself gets wrong in Java, put right in each file that it makes. A rule that finds nothing any more
# makes the tests of the client no worse, and can go.

# Above each file stands the whole description of the API.
s{^/\*\n \* AgentIdP\n.*?\*/\n}{// Made from openapi.yaml by openapi-generator; nobody types here.\n}s;

# A list of a form may be left out.
s/for \(int i=0; i < (\w+)\.size\(\); i\+\+\) \{/for (int i = 0; $1 != null && i < $1.size(); i++) {/g;

# JSON is UTF-8, whatever the locale says (which Java before 18 asks), and so are our texts.
s/new String\((\w+)\.readAllBytes\(\)\)/new String($1.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)/g;
s/(new java\.util\.Scanner\(localVarResponseBody == null \? InputStream\.nullInputStream\(\) : localVarResponseBody)\)/$1, java.nio.charset.StandardCharsets.UTF_8)/g;

# A text is a text whatever its media type: NDJSON and YAML are no JSON strings.
s/String responseValue = responseBody\.isBlank\(\)\? null: memberVarObjectMapper\.readValue\(responseBody, new TypeReference<String>\(\) \{\}\);/String responseValue = responseBody;/g;
