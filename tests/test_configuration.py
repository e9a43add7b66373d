import pytest
from wfc.servers.configuration import (
    Configuration,
    ConfigurationError,
    HttpServer,
    MissingVariable,
    StdioServer,
    TemplateError,
    Variable,
    expand,
    parse_template,
    read_configuration,
)
from wfc.source import SourceFile


def read(text: str) -> Configuration:
    return read_configuration(SourceFile("mcp.json", text))


def error_of(text: str, name: str = "") -> ConfigurationError:
    with pytest.raises(ConfigurationError) as raised:
        read(text)[name]
    return raised.value


class TestServers:
    def test_a_process(self) -> None:
        configuration = read(
            '{"mcpServers": {"git": {"command": "uvx", "args": ["mcp-server-git", "${REPO}"],'
            ' "env": {"TOKEN": "${TOKEN}", "PORT": 8080}, "cwd": "servers"}}}'
        )
        assert configuration["git"] == StdioServer(
            "uvx", ("mcp-server-git", "${REPO}"), {"TOKEN": "${TOKEN}", "PORT": "8080"}, "servers"
        )

    def test_a_url(self) -> None:
        configuration = read('{"mcpServers": {"it": {"url": "${IT_URL:-http://localhost/mcp}"}}}')
        assert configuration["it"] == HttpServer("${IT_URL:-http://localhost/mcp}", {})

    @pytest.mark.parametrize("hint", ["http", "streamable-http", "streamableHttp"])
    @pytest.mark.parametrize("key", ["type", "transport"])
    def test_hints(self, key: str, hint: str) -> None:
        configuration = read(f'{{"mcpServers": {{"x": {{"{key}": "{hint}", "url": "http://x"}}}}}}')
        assert configuration["x"] == HttpServer("http://x")

    def test_a_hint_decides_between_command_and_url(self) -> None:
        entry = '{"type": "stdio", "command": "x", "url": "http://x"}'
        assert read(f'{{"servers": {{"x": {entry}}}}}')["x"] == StdioServer("x")

    def test_both_keys_count_and_mcp_servers_first(self) -> None:
        configuration = read(
            '{"servers": {"a": {"command": "a"}, "b": {"command": "b"}},'
            ' "mcpServers": {"a": {"command": "first"}}}'
        )
        assert dict(configuration) == {"a": StdioServer("first"), "b": StdioServer("b")}

    def test_a_disabled_server_may_be_used(self) -> None:
        # Who offers a workflow in place of a server's own tools disables those in the client.
        entry = '{"command": "x", "disabled": true, "autoApprove": []}'
        assert read(f'{{"mcpServers": {{"x": {entry}}}, "theme": 1}}')["x"] == StdioServer("x")

    def test_comments_and_trailing_commas(self) -> None:
        text = """\ufeff{
            // "mcpServers": {"no": {}},
            "mcpServers": { /* the one
                server */ "x": {"command": "x", "args": ["http://x//y", "/* kept */", "a\\"//b",],},
            }, // done
        }"""
        args = ("http://x//y", "/* kept */", 'a"//b')
        assert dict(read(text)) == {"x": StdioServer("x", args)}


class TestErrors:
    @pytest.mark.parametrize("text", ["", "{", "[1,]", '{"mcpServers": {}} x', "not json"])
    def test_not_json(self, text: str) -> None:
        error = error_of(text)
        assert "mcpServers" in (error.help or "")

    def test_the_place_of_bad_json(self) -> None:
        error = error_of('{\n  // comment\n  "mcpServers": {3}\n}')
        assert error.span.source.position(error.span.start) == (3, 18)

    @pytest.mark.parametrize("text", ["{}", "[]", "3", '{"hr": {"command": "x"}}'])
    def test_no_servers(self, text: str) -> None:
        assert error_of(text).message == 'there is no "mcpServers" here'

    def test_servers_of_the_wrong_shape(self) -> None:
        error = error_of('{"mcpServers": []}')
        assert (error.span.text, error.message) == (
            '"mcpServers": []',
            '"mcpServers" must be an object, with a server under each name',
        )

    @pytest.mark.parametrize(
        ("entry", "message", "place"),
        [
            ("3", 'server "x" must be an object', '"x": 3'),
            ('{"args": []}', 'server "x" has neither a "command" nor a "url"', '"x": {"args": []}'),
            (
                '{"command": "a", "url": "http://b"}',
                'server "x" has both a "command" and a "url"',
                '"x": {"command": "a", "url": "http://b"}',
            ),
            (
                '{"type": "sse", "url": "http://b"}',
                'server "x" uses the older "sse" transport, which wfc does not speak',
                '"type": "sse"',
            ),
            ('{"type": "carrier pigeon"}', 'server "x" has an unknown "type"', None),
            ('{"command": 3}', 'server "x" needs a "command" that is a text', '"command": 3'),
            ('{"type": "stdio"}', 'server "x" needs a "command" that is a text', None),
            (
                '{"command": "a", "args": "b"}',
                'server "x" needs "args" to be an array of texts',
                '"args": "b"',
            ),
            ('{"command": "a", "args": [1]}', None, "1"),
            ('{"command": "a", "env": {"B": null}}', None, '"B": null'),
            ('{"command": "a", "env": {"B": true}}', None, '"B": true'),
            ('{"command": "a", "envFile": ".env"}', None, '"envFile": ".env"'),
            ('{"url": "ftp://b"}', None, '"url": "ftp://b"'),
            ('{"url": "http://b", "headers": {"A": "${input:a}"}}', None, '"A": "${input:a}"'),
            ('{"command": "a", "cwd": "${workspaceFolder}"}', None, '"cwd": "${workspaceFolder}"'),
        ],
    )
    def test_one_server(self, entry: str, message: str | None, place: str | None) -> None:
        error = error_of(f'{{"mcpServers": {{"x": {entry}, "y": {{"command": "y"}}}}}}', "x")
        assert message in (None, error.message)
        assert place in (None, error.span.text)

    def test_a_bad_server_does_not_hide_the_others(self) -> None:
        configuration = read('{"mcpServers": {"x": 3, "y": {"command": "y"}}}')
        assert list(configuration) == ["x", "y"]
        assert configuration["y"] == StdioServer("y")
        assert configuration.span("y").text == '"y": {"command": "y"}'
        with pytest.raises(KeyError):
            configuration["z"]


class TestTemplates:
    @pytest.mark.parametrize(
        ("text", "parts"),
        [
            ("", ()),
            ("plain", ("plain",)),
            ("${A}", (Variable("A"),)),
            ("a${B}c${env:D}", ("a", Variable("B"), "c", Variable("D"))),
            ("${A:-}", (Variable("A", ""),)),
            ("${A:-http://x:1/$y}", (Variable("A", "http://x:1/$y"),)),
            ("$A ${} ${a b} ${A%.*} ${#A} ${", ("$A ${} ${a b} ${A%.*} ${#A} ${",)),
        ],
    )
    def test_parsing(self, text: str, parts: tuple[str | Variable, ...]) -> None:
        assert parse_template(text) == parts

    @pytest.mark.parametrize(
        "text",
        ["${input:token}", "x${workspaceFolder}/y", "${workspaceFolder:a}", "${userHome}", "${/}"],
    )
    def test_what_only_an_editor_knows(self, text: str) -> None:
        with pytest.raises(TemplateError, match="known to an editor only") as raised:
            parse_template(text)
        assert raised.value.help.startswith(("write ", "take "))

    def test_expanding(self) -> None:
        environ = {"A": "1", "EMPTY": "", "NESTED": "${A}"}
        assert expand("${A}-${B:-2}-${EMPTY:-3}-${NESTED}", environ) == "1-2--${A}"
        with pytest.raises(MissingVariable) as raised:
            expand("${A}${B}${C}", environ)
        assert raised.value.name == "B"
