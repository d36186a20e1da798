vcl 4.1;

# varnish in front of Caller, its builtin rules and no more than each network adds.
import std;
backend default {
    .host = "{{.Also.host}}";
    .port = "{{.Also.port}}";
}
{{.Also.rules}}
