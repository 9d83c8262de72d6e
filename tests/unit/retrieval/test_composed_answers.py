"""Extractive answers: the statement that answers, in the form of its kind, quoted exactly, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.embedding.words import terms
from retrieval.answers import Style
from retrieval.compose import Composition, compose
from retrieval.extract import ranked
from retrieval.passages import Block, BlockKind, Passage
from retrieval.question import understood
from tests.support.passages import parsed, passage

WARRANTY = (
    "Meridian guarantees frames for ten years. The battery is covered for two years or 700 cycles. "
    "Bring the invoice to a dealer."
)
PLANS = """# Plans

| Plan | Seats | Setup fee in EUR | Monthly fee in EUR |
|---|---|---|---|
| Basic plan | 10 | 20 | 9 |
| Team plan | 50 | 30 | 49 |
| Harbour plan | 60 | 35 | 79 |
"""
ROUTER = """# Router

## Reset

To reset the router, do this:

1. Unplug it.
2. Wait ten seconds.
3. Plug it in again.

Nothing is lost.

## Update

- Download the file.
- Restart the router.
"""


def answer(question: str, *passages: Passage, **style: Any) -> Composition:
    meant = understood(question)
    found = ranked(meant, passages, lambda text: list(terms(text, "en")))
    made = compose(meant, found, Style(**style))
    for quote in made.quotes:
        stored = quote.passage.stored
        assert stored.content[quote.char_start - stored.char_start : quote.char_end - stored.char_start] == quote.text
    return made


class TestSentences:
    def test_the_one_that_answers_stands_alone(self) -> None:
        found = answer("How long is the battery covered?", passage(1, WARRANTY, start=100))
        assert found.text == "The battery is covered for two years or 700 cycles."
        assert (found.quotes[0].char_start, found.quotes[0].text) == (100 + WARRANTY.index("The battery"), found.text)

    def test_a_further_one_comes_for_the_other_part_of_the_question(self) -> None:
        text = "The service costs 89 euros. Bring the key.\n\nThe shop opens at nine."
        found = answer("What does the service cost and when does the shop open?", passage(1, text))
        assert found.text == "The service costs 89 euros. The shop opens at nine."

    def test_a_neighbour_that_only_shares_a_word_does_not_come(self) -> None:
        smoking = passage(1, "Smoking is forbidden in all rooms.", score=1.0)
        pets = passage(2, "Pets are allowed in the garden.", score=0.9)
        assert answer("Is smoking allowed?", smoking, pets).text == "Smoking is forbidden in all rooms."

    def test_one_that_leans_on_the_one_before_comes_with_it(self) -> None:
        relay = passage(1, "PPR-9087 is a relay for cabinet 3. It switches at 13 volts.")
        assert answer("At how many volts does PPR-9087 switch?", relay).text == relay.stored.content

    def test_a_number_is_preferred_where_one_is_asked_for(self) -> None:
        text = "The service price is printed on the invoice. The service price is 89 euros."
        assert answer("How much is the service price?", passage(1, text)).text == "The service price is 89 euros."

    def test_a_time_in_the_next_sentence(self) -> None:
        pump = passage(
            1, "The Alpha pump is our best seller. It is delivered within 5 days. The Beta pump needs 10 days."
        )
        found = answer("What is the delivery time for the Alpha pump?", pump)
        assert found.text == "The Alpha pump is our best seller. It is delivered within 5 days."

    def test_abbreviations_do_not_cut_it(self) -> None:
        text = "The tank must be filled to max. 5 bar. Then close it."
        assert answer("To what pressure must the tank be filled?", passage(1, text)).text.endswith("max. 5 bar.")

    def test_documents_that_say_otherwise_are_both_shown(self) -> None:
        old, new = (passage(n, f"The cancellation period is {days} days.", score=1.0) for n, days in ((1, 14), (2, 30)))
        found = answer("How long is the cancellation period?", old, new)
        assert ("14 days" in found.text, "30 days" in found.text, len(found.quotes)) == (True, True, 2)

    def test_names_in_capitals_are_words(self) -> None:
        help_, food = passage(1, "Our IT helps with laptops."), passage(2, "It is served at noon. The WHO says so.")
        assert answer("What does IT do?", food, help_).text == "Our IT helps with laptops."
        assert answer("Who is WHO?", help_, food).text == "The WHO says so."

    @pytest.mark.parametrize("question", ["", "?!", "the of and", "is it?"])
    def test_questions_without_content_find_nothing(self, question: str) -> None:
        assert answer(question, passage(1, WARRANTY)) == Composition("", [])

    def test_no_passages_no_answer(self) -> None:
        assert answer("battery?") == Composition("", [])

    def test_a_long_one_is_cut_to_the_limit(self) -> None:
        found = answer("What is a battery?", passage(1, "A battery " + "is a thing " * 40 + "."), max_characters=50)
        assert (len(found.text) <= 50, found.text[-1]) == (True, "…")


class TestHeadings:
    def test_they_are_never_quoted(self) -> None:
        found = answer("What is the return policy?", parsed("# Return policy\n\nBikes come back within 30 days."))
        assert found.text == "Bikes come back within 30 days."

    def test_what_stands_below_the_one_asked_for_answers(self) -> None:
        faq = parsed(
            "# FAQ\n\n## Can I ride in the rain?\n\nYes. Motors are sealed.\n\n## Who pays?\n\nThe dealer pays."
        )
        assert answer("Can I ride in the rain?", faq).text.startswith("Yes.")
        assert answer("Who pays?", faq).text == "The dealer pays."

    def test_a_question_in_plain_text_is_one(self) -> None:
        faq = passage(1, "How far does the battery last?\n\nBetween 60 and 140 kilometres, says its maker.")
        assert answer("How far does the battery last?", faq).text.startswith("Between 60 and 140")


class TestTables:
    def test_the_cell_with_the_names_of_row_and_column(self) -> None:
        found = answer("What is the monthly fee of the Harbour plan?", parsed(PLANS))
        assert found.text == "Harbour plan – Monthly fee in EUR: 79"
        assert [quote.text for quote in found.quotes] == ["| Harbour plan | 60 | 35 | 79 |"]

    def test_all_columns_that_cost_where_it_is_not_said_which(self) -> None:
        found = answer("How much does the Harbour plan cost?", parsed(PLANS))
        assert found.text == "Harbour plan – Setup fee in EUR: 35; Monthly fee in EUR: 79"

    def test_the_whole_row_where_no_column_is_asked_for(self) -> None:
        found = answer("What about the Team plan?", parsed(PLANS))
        assert found.text == "Team plan – Seats: 50; Setup fee in EUR: 30; Monthly fee in EUR: 49"

    def test_a_column_that_is_listed(self) -> None:
        assert answer("Which plans are there?", parsed(PLANS)).text == "Basic plan; Team plan; Harbour plan"

    def test_a_column_of_which_some_are_asked_for_is_not_given_whole(self) -> None:
        found = answer("Which plans have more than 40 seats?", parsed(PLANS))
        assert "Harbour plan – Seats: 60" in found.text.splitlines()

    def test_records_that_name_their_columns(self) -> None:
        text = "plan: Huge; fee_eur: 912.45; seats: 9\nplan: Tiny; fee_eur: 1.20; seats: 1"
        assert answer("What does the Huge plan cost?", passage(1, text)).text == "Huge – fee_eur: 912.45"

    def test_a_row_in_a_passage_without_its_header(self) -> None:
        first = parsed(PLANS)
        rows = first.stored.content[first.stored.content.index("| Harbour") :]
        assert answer("How many seats has the Harbour plan?", passage(1, rows)).text == "Harbour plan, 60, 35, 79"

    def test_a_piece_of_a_row_is_given_as_it_is(self) -> None:
        piece = parsed("| Plan | Seats |\n|---|---|\n| Team plan | 50 |")
        cut = replace(piece.stored, content="plan for large teams | 50 |", blocks=(Block(BlockKind.TABLE, 0, 27),))
        assert answer("Which plans are there?", replace(piece, stored=cut)).text == "plan for large teams | 50 |"

    def test_a_code_in_a_long_table(self) -> None:
        rows = "\n".join(f"| F{n} | Fault number {n} of the belt | Replace module {n} |" for n in range(100, 130))
        found = answer("Which action for F117?", parsed(f"| Code | Meaning | Action |\n|---|---|---|\n{rows}"))
        assert found.text == "F117 – Action: Replace module 117"


class TestLists:
    def test_steps_come_with_what_introduces_them_and_all(self) -> None:
        found = answer("How do I reset the router?", parsed(ROUTER))
        assert found.text.split() == (
            "To reset the router, do this: 1. Unplug it. 2. Wait ten seconds. 3. Plug it in again.".split()
        )
        assert len(found.quotes) == 1

    def test_steps_in_running_text(self) -> None:
        text = "To reset the router: 1. Unplug it. 2. Wait ten seconds. 3. Plug it in again while holding the button."
        assert answer("How do I reset the router?", passage(1, text)).text == text

    def test_steps_with_numbers_in_brackets(self) -> None:
        text = "Cleaning the filter: (1) Switch the unit off. (2) Remove the lid. (3) Rinse the filter. (4) Let it dry."
        assert answer("How do I clean the filter?", passage(1, text)).text == text

    def test_sentences_below_the_heading_that_is_asked_for(self) -> None:
        text = "# Cancel\n\nOpen the settings. Choose Account. Click Cancel and confirm.\n\n# Pause\n\nClick pause."
        assert (
            answer("How do I cancel?", parsed(text)).text
            == "Open the settings. Choose Account. Click Cancel and confirm."
        )

    def test_a_heading_with_steps_below(self) -> None:
        found = answer("How do I update the router?", parsed(ROUTER))
        assert found.text == "- Download the file.\n- Restart the router."

    def test_one_item_alone_without_its_mark(self) -> None:
        menu = parsed("# Lunch\n\nWe serve:\n\n- Soup costs 4 euros.\n- Bread costs 2 euros.")
        assert answer("What does the soup cost?", menu).text == "Soup costs 4 euros."

    def test_a_list_too_long_is_cut_between_items(self) -> None:
        items = "\n".join(f"- Step number {n} of the installation." for n in range(40))
        found = answer(
            "How do I install it?", parsed(f"# Installation\n\nInstall it so:\n\n{items}"), max_characters=200
        )
        assert len(found.text) <= 200
        assert found.text.endswith("installation.")

    def test_code_comes_with_its_sentence(self) -> None:
        text = "# Moving\n\nMove to PostgreSQL with this command:\n\n```\ninsydr migrate --to scaled.toml\n```\n"
        found = answer("How do I move to PostgreSQL?", parsed(text))
        assert found.text == "Move to PostgreSQL with this command:\n\ninsydr migrate --to scaled.toml"


class TestLimit:
    def test_what_does_not_fit_leaves_its_place_to_what_does(self) -> None:
        long = f"The shop opens at nine {'and is nice ' * 10}on Mondays."
        text = f"The service costs 89 euros.\n\n{long}\n\nThe shop opens late."
        found = answer("What does the service cost and when does the shop open?", passage(1, text), max_characters=60)
        assert found.text == "The service costs 89 euros. The shop opens late."


class TestStyle:
    def test_brief_is_one_statement(self) -> None:
        text = "The service costs 89 euros. Bring the key.\n\nThe shop opens at nine."
        question = "What does the service cost and when does the shop open?"
        assert answer(question, passage(1, text), response_style="brief").text.count(".") == 1

    def test_detailed_goes_on_in_its_paragraph(self) -> None:
        found = answer("How long is the battery covered?", passage(1, WARRANTY), response_style="detailed")
        assert found.text == WARRANTY[WARRANTY.index("The battery") :]


LINES = [
    "Team plan", "costs 5 euros.", "| a | b |", "|---|---|", "| Team | 5 |", "- item", "1. Wait.", "# Plan", "It is 7.",
    "plan: Team; fee: 5", "Who pays?", "\n", "\n\n", "```", "so:", "(1) go", "…", "团队。",
]  # fmt: skip
QUESTIONS = [
    "How much does the Team plan cost?",
    "How do I wait?",
    "Which plans are there?",
    "Who pays?",
    "plan",
    "团队",
]
STYLES = ["brief", "conversational", "detailed"]


class TestAnything:
    @given(
        st.lists(st.sampled_from(LINES), max_size=25).map(" ".join),
        st.sampled_from(QUESTIONS),
        st.sampled_from(STYLES),
        st.integers(20, 200),
        st.booleans(),
    )
    def test_is_answered_within_the_limit_by_exact_spans(
        self, content: str, question: str, style: str, most: int, is_parsed: bool
    ) -> None:
        one = parsed(content) if is_parsed else passage(1, content)
        found = answer(question, one, passage(2, content[::-1]), response_style=style, max_characters=most)
        assert len(found.text) <= most
        assert bool(found.text) == bool(found.quotes)


class TestQuestionsInTexts:
    def test_code_that_asks_the_question_does_not_answer_it(self) -> None:
        example = parsed('```sh\ninsydr ask "How long is the battery covered?"\n```', number=2)
        found = answer("How long is the battery covered?", example, passage(1, WARRANTY, score=0.8))
        assert found.text == "The battery is covered for two years or 700 cycles."
