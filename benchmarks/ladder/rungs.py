"""The ladder: every variant by name, from plain inversion to the whole system.

A new training option becomes a rung by one line in SYSTEMS.
"""

from __future__ import annotations

from benchmarks.baselines.padim import fit_padim
from benchmarks.baselines.patchcore import fit_patchcore
from benchmarks.ladder.peer_rungs import Peer
from benchmarks.ladder.system import System
from benchmarks.ladder.tile_rungs import (
    Clcae,
    DiscriminativeUnet,
    Hfgi,
    InitialInversion,
    Sdic,
)
from benchmarks.ladder.variant import WITHOUT_CONTEXT, Variant
from inspect_pipeline.errors import UsageError

TILE_RUNGS = (
    Variant(
        name="residual",
        says="initial inversion, |observed - golden|",
        recipe=InitialInversion(),
        shows_fidelity=True,
    ),
    Variant(
        name="features",
        says="initial inversion, distance of discriminator features",
        recipe=InitialInversion(by_features=True),
    ),
    Variant(name="hfgi", says="HFGI-style, |aligned residual|", recipe=Hfgi(), shows_fidelity=True),
    Variant(
        name="clcae", says="CLCAE-style, |observed - restored|", recipe=Clcae(), shows_fidelity=True
    ),
    Variant(name="sdic", says="SDIC as published, |D|", recipe=Sdic(), shows_fidelity=True),
    Variant(
        name="sdic_supervised",
        says="+ D supervised by the residual, |D|",
        recipe=Sdic(supervised=True),
    ),
    Variant(
        name="evidence",
        says="+ evidence head taught by synthetic defects",
        recipe=Sdic(supervised=True, evidence=True),
    ),
    Variant(
        name="unet", says="discriminative U-Net, no GAN, same defects", recipe=DiscriminativeUnet()
    ),
)

WITH_GOLDEN = {"signs": "memory,golden"}

SYSTEMS = (
    Variant(
        name="gated_alone",
        says="+ gated DICN, the map alone",
        recipe=System(overrides=WITHOUT_CONTEXT, verified=False),
    ),
    Variant(
        name="gated",
        says="+ verification by DICN",
        recipe=System(overrides=WITHOUT_CONTEXT),
        shows_fidelity=True,
    ),
    Variant(
        name="w_plus",
        says="the same with W+ codes alone, no spatial latent",
        recipe=System(overrides={**WITHOUT_CONTEXT, "spatial_channels": 0}),
    ),
    Variant(
        name="golden",
        says="contextual branch that also sees how far the golden picture is",
        recipe=System(overrides=WITH_GOLDEN),
    ),
    Variant(name="system", says="what `train` makes", recipe=System(), shows_fidelity=True),
)


def pretrained(backbone: str) -> tuple[Variant, ...]:
    """Peers with a backbone that was trained on other people's pictures, and the system with it."""
    return (
        Variant(
            name="padim",
            says="PaDiM with the same backbone",
            recipe=Peer(backbone=backbone, fitted=fit_padim),
        ),
        Variant(
            name="patchcore",
            says="PatchCore with the same backbone",
            recipe=Peer(backbone=backbone, fitted=fit_patchcore),
        ),
        Variant(
            name="golden_pretrained",
            says="the same, `train --backbone`",
            recipe=System(overrides={**WITH_GOLDEN, "backbone": backbone}),
        ),
        Variant(
            name="system_pretrained",
            says="what `train --backbone` makes",
            recipe=System(overrides={"backbone": backbone}),
            shows_fidelity=True,
        ),
    )


def ladder(backbone: str | None) -> tuple[Variant, ...]:
    """From the bottom up; the one without a GAN beside the one that it is the control of."""
    return (*TILE_RUNGS, *SYSTEMS, *(pretrained(backbone) if backbone else ()))


def chosen(variants: tuple[Variant, ...], names: str | None) -> tuple[Variant, ...]:
    """Those named, `a,b,c`, in the ladder's order; all for None."""
    if names is None:
        return variants
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    known = {variant.name for variant in variants}
    if unknown := sorted(wanted - known):
        raise UsageError(
            f"--only names {', '.join(unknown)}, which the ladder has not: choose from "
            f"{', '.join(variant.name for variant in variants)} "
            "(the peers and *_pretrained: with --backbone)"
        )
    if not wanted:
        raise UsageError("--only names no variant")
    return tuple(variant for variant in variants if variant.name in wanted)
