from PIL import Image


def test_data_card_and_contact_sheet_lie_in_the_folder(tiny):
    folder, manifest = tiny
    card = (folder / "README.md").read_text()
    assert manifest["digest"] in card
    assert "CC0" in card
    assert "Apache 2.0" in card
    assert "--people 4" in card
    assert "{" not in card.replace("{train,query,test}", "")
    with Image.open(folder / "contact_sheet.png") as sheet:
        assert sheet.width > 6 * 32
        assert sheet.height > 4 * 64
