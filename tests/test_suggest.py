"""Did-you-mean finds slips of the hand, and leaves unrelated names alone."""

import itertools

import pytest
from wfc.diagnostics.suggest import listing, nearest, only_near

NAMES = [
    "create_employee", "delete_employee", "find_employees", "list_tables", "read_query",
    "write_query", "describe_table", "create_payroll", "send_email", "provision_laptop", "git_log",
    "git_status", "git_diff_staged", "git_diff_unstaged", "git_commit", "git_add", "git_reset",
    "git_checkout", "git_show", "git_branch", "get_current_time", "convert_time", "read_file",
    "write_file", "edit_file", "create_directory", "list_directory", "move_file", "search_files",
    "get_file_info", "employee_id", "department", "manager_id", "start_date", "template", "subject",
    "tracking_number", "currency", "timezone", "repo_path", "max_count", "branch_name", "message",
]  # fmt: skip


def slips(name: str) -> list[str]:
    """What a hand makes of a name: a letter too few, too many, changed or swapped."""
    middle = len(name) // 2
    return [
        name[:middle] + name[middle + 1 :],
        name[:middle] + name[middle] + name[middle:],
        name[:middle] + "x" + name[middle + 1 :],
        name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :],
        name.replace("_", "-"),
        name.replace("_", "").upper(),
        "".join(part.capitalize() for part in name.split("_")),
    ]


def test_slips_are_found() -> None:
    tried = [(slip, name) for name in NAMES for slip in slips(name)]
    missed = [(slip, name) for slip, name in tried if nearest(slip, NAMES) != name]
    assert len(missed) <= len(tried) * 0.01, missed


def test_unrelated_names_are_left_alone() -> None:
    tried = [(name, [other for other in NAMES if other != name]) for name in NAMES]
    hinted = [(name, nearest(name, others)) for name, others in tried]
    wrong = [pair for pair in hinted if pair[1] is not None]
    # What is left are pairs that differ by a slip: `git_diff_staged` and `git_diff_unstaged`.
    assert len(wrong) <= 4, wrong


@pytest.mark.parametrize(
    ("name", "candidates", "expected"),
    [
        ("stp", ["step", "arg"], "step"),
        ("it", ["hr", "id"], None),
        ("x", ["y"], None),
        ("Employee-ID", ["employee_id"], "employee_id"),
        ("anything", [], None),
        ("ab", ["a_b"], "a_b"),
    ],
)
def test_short_names(name: str, candidates: list[str], expected: str | None) -> None:
    assert nearest(name, candidates) == expected


def test_the_nearest_is_taken_whatever_the_order() -> None:
    for names in itertools.permutations(["read_file", "read_files", "red_file"]):
        assert nearest("reed_file", names) in ("read_file", "red_file")
        assert nearest("reed_file", names) == nearest("reed_file", sorted(names))


def test_only_near_wants_to_be_certain() -> None:
    assert only_near("read_fil", ["read_file", "write_file"]) == "read_file"
    assert only_near("read_fil", ["read_file", "read_fill"]) is None


def test_listing() -> None:
    assert listing([]) == ""
    assert listing(["a"]) == "`a`"
    assert listing(["a", "b", "c"]) == "`a`, `b` and `c`"
    assert listing(map(str, range(10))).endswith("`7` and 2 more")
