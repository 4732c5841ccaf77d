def test_a_card_of_shards_says_so(sharded):
    card = (sharded[0] / "README.md").read_text()
    assert "of about\n  12 images" in card
    assert "--shards 12" in card


def test_the_card_says_what_it_is_from_and_how_to_make_it_again(tiny):
    folder, manifest = tiny
    card = (folder / "README.md").read_text()
    assert manifest["digest"] in card
    assert "CC0" in card
    assert "Apache 2.0" in card
    assert "--people 4 --outfits 2 --cameras 3" in card
    assert "| people | 4 (2 to train on, 2 to evaluate: the test people) |" in card
    assert "{" not in card.replace("{train,query,test}", "")
