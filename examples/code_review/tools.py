"""The tools of a code review: analyse, review, format."""

from typing import Literal

from mcp.server import MCPServer
from mcp.types import ToolAnnotations
from pydantic import BaseModel

mcp = MCPServer("code-tools")

reads_only = ToolAnnotations(read_only_hint=True, open_world_hint=False)


class Analysis(BaseModel):
    language: str
    depth: int
    lines_of_code: int
    issues_found: int
    complexity_score: float
    analysis_summary: str
    issue_details: list[str]


class Review(BaseModel):
    review_summary: str
    recommendations: list[str]
    priority_issues: list[str]
    approval_status: Literal["approved", "conditional", "rejected"]


class FormattedCode(BaseModel):
    formatted_code: str
    changes_made: str
    issues_annotated: int


@mcp.tool(annotations=reads_only)
def analyze_code(code: str, language: str = "rust", depth: int = 2) -> Analysis:
    """Analyse code for its complexity and its problems."""
    lines = len(code.splitlines())
    issues = [
        "Function has high cyclomatic complexity",
        "Missing error handling",
        "Consider using Result<T> instead of panicking",
    ]
    return Analysis(
        language=language,
        depth=depth,
        lines_of_code=lines,
        issues_found=len(issues),
        complexity_score=7.5,
        analysis_summary=f"Analyzed {lines} lines of {language} code. "
        f"Found {len(issues)} potential issues.",
        issue_details=issues,
    )


@mcp.tool(annotations=reads_only)
def review_code(analysis: str, focus: list[str]) -> Review:
    """Review analysed code with a focus."""
    return Review(
        review_summary=f"Reviewed with focus on: {', '.join(focus)}",
        recommendations=[
            "Refactor complex functions into smaller units",
            "Add comprehensive error handling",
            "Improve inline documentation",
            "Add unit tests for edge cases",
        ],
        priority_issues=focus,
        approval_status="conditional",
    )


@mcp.tool(annotations=reads_only)
def format_code(code: str, issues: list[str]) -> FormattedCode:
    """Write what is to be done above the code."""
    annotations = [f"// TODO (Issue {number}): {text}" for number, text in enumerate(issues, 1)]
    return FormattedCode(
        formatted_code="\n".join(annotations) + f"\n\n{code}",
        changes_made="Added TODO comments for identified issues",
        issues_annotated=len(issues),
    )


if __name__ == "__main__":
    mcp.run()
