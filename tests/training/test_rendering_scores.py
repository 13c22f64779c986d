"""Scores are read, played by people and rendered on sampled instruments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from aidd_studio.errors import FileReadError
from aidd_studio.training.corpora.composing import compose
from aidd_studio.training.corpora.humanising import play, transpose
from aidd_studio.training.corpora.notes import Control, Note, Piece, read_midi, write_midi
from aidd_studio.training.corpora.sampler import read_sfz, render_sampler

SCALE = Piece(tuple(Note(0.5 * i, 0.5 * i + 0.4, 60 + i, 80, i % 2) for i in range(8)), (0, 40))


def test_a_piece_survives_midi(tmp_path: Path) -> None:
    write_midi(SCALE, tmp_path / "scale.mid")
    back = read_midi(tmp_path / "scale.mid")
    assert [note.key for note in back.notes] == [note.key for note in SCALE.notes]
    assert [note.start for note in back.notes] == pytest.approx([note.start for note in SCALE.notes], abs=2e-3)
    assert sorted(back.programs) == [0, 40]


def test_a_file_that_is_no_midi_is_refused(tmp_path: Path) -> None:
    (tmp_path / "song.mid").write_bytes(b"no midi at all")
    with pytest.raises(FileReadError, match=r"song\.mid"):
        read_midi(tmp_path / "song.mid")


def test_playing_moves_notes_a_little_and_keeps_them_all() -> None:
    played = play(SCALE, np.random.default_rng(3))
    assert len(played.notes) == len(SCALE.notes)
    assert sorted(note.key for note in played.notes) == sorted(note.key for note in SCALE.notes)
    assert played.notes != SCALE.notes
    assert play(SCALE, np.random.default_rng(3)) == played


def test_transposing_leaves_drums_alone() -> None:
    piece = Piece((Note(0, 1, 60, 80, 0), Note(0, 1, 36, 80, 1)), (0, -1))
    assert [note.key for note in transpose(piece, 5).notes] == [65, 36]


def test_made_up_pieces_differ_with_the_seed_and_end_in_time() -> None:
    one, two = compose(20.0, np.random.default_rng(1)), compose(20.0, np.random.default_rng(2))
    assert one.notes and one != two
    assert max(note.start for note in one.notes) < 20.0
    assert all(0 <= note.key <= 127 for note in one.notes)


@pytest.fixture
def piano(tmp_path: Path) -> Path:
    time = np.arange(24_000) / 24_000
    for name, hertz in (("A4", 440.0), ("a5", 880.0)):
        soundfile.write(tmp_path / f"{name}.flac", 0.5 * np.sin(2 * np.pi * hertz * time), 24_000)
    (tmp_path / "notes.txt").write_text("<region> lokey=c4 hikey=g#4 pitch_keycenter=A4 sample=$NAME.flac\n")
    sfz = tmp_path / "piano.sfz"
    sfz.write_text(
        '// a piano\n<group> lovel=1 hivel=127\n#define $NAME a4\n#include "notes.txt"\n'
        "<region> lokey=69 hikey=100 pitch_keycenter=81 sample=A5.flac\n"
        "<region> trigger=release key=60 sample=A5.flac\n"
    )
    return sfz


def test_sfz_files_with_includes_and_any_case_are_understood(piano: Path) -> None:
    regions = read_sfz(piano)
    assert [(region.low_key, region.high_key, region.center) for region in regions] == [(60, 68, 69), (69, 100, 81)]


def test_the_sampler_plays_the_written_pitch(piano: Path) -> None:
    sound = render_sampler(Piece((Note(0.0, 0.5, 64, 100),), (0,)), read_sfz(piano), 24_000, 1)
    spectrum = np.abs(np.fft.rfft(sound[0, 1000:11_000]))
    assert np.argmax(spectrum) * 2.4 == pytest.approx(329.6, abs=4)
    assert np.abs(sound[:, int(0.7 * 24_000) :]).max() == 0


def test_the_pedal_holds_a_note(piano: Path) -> None:
    held = Piece((Note(0.0, 0.1, 69, 100),), (0,), (Control(0.0, 0, 64, 127), Control(0.6, 0, 64, 0)))
    dry = Piece(held.notes, held.programs)
    regions = read_sfz(piano)
    late = slice(int(0.4 * 24_000), int(0.5 * 24_000))
    assert np.abs(render_sampler(held, regions, 24_000, 1)[:, late]).max() > 0.1
    assert np.abs(render_sampler(dry, regions, 24_000, 1)[:, late]).max() == 0
