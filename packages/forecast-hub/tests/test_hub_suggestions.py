"""Names that resemble a misspelt one are suggested."""

from forecast_hub.suggestions import nearest


def test_a_text_of_more_than_100_letters_is_no_misspelt_name():
    assert nearest("x" * 100, ["x" * 101]) == ["x" * 101]
    assert nearest("x" * 101, ["x" * 101]) == []


def test_beginnings_of_three_letters_are_completed():
    assert nearest("tar", ["type", "target_parameter"]) == ["target_parameter"]
    assert nearest("ta", ["type", "target_parameter"]) == []


def test_a_name_is_not_compared_with_thousands():
    names = [f"name{number}" for number in range(2_000)]

    assert nearest("nam1999", names) == ["name1999", "name999", "name199"]
    assert nearest("nam1999", [*names, "other"]) == []
