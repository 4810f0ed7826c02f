"""The moving picture of a run's embedding."""

from dataclasses import replace

from cl_core.components.embedding import Cloud, cloud_of_probes
from cl_core.components.trainer.picture import view_of
from cl_core.runtime.readable_run import ReadableRun
from cl_core.training.frames import Frame, RunProgress
from cl_core.training.regions import has_regions

HEIGHT = 700  # pixels, of the picture


def embedding_cloud(
    run: ReadableRun, progress: RunProgress, dims: int, density: bool = False, regions: bool = True
) -> Cloud:
    """Return what the moving picture of a run shows.

    Args:
        run: the run.
        progress: of the run; every frame becomes a frame of the picture.
        dims: 2 or 3 dimensions to show; at most the dimensions of the embedding.
        density: whether to show the density of each class in the place of its points.
        regions: whether to draw class weights and their regions, where there are any.
    """
    dims = min(dims, run.spec.dim)
    return replace(
        cloud_of_probes(run.spec.dataset, run.n),
        stream=f"{run.name}/{dims}",
        points=[frame.points[dims] for frame in progress.frames],
        steps=[frame.step for frame in progress.frames],
        shares=[frame.views[dims].shares for frame in progress.frames],
        alt=_frame_alt(progress.frames[-1]) if progress.frames else "",
        placeholder="Getting ready …",
        density=density,
        regions=[frame.regions for frame in progress.frames] if has_regions(run.spec) else None,
        show_regions=regions,
        **view_of(run.spec, run.n, dims),
    )


def _frame_alt(frame: Frame) -> str:
    """Return the text alternative of a frame."""
    m = frame.metrics
    return (
        f"Step {frame.step}: kNN accuracy {m.knn:.1%}, in the picture {m.drawn:.1%}; "
        f"easy, semi-hard and hard triplets {m.easy:.1%}, {m.semihard:.1%}, {m.hard:.1%}; spread {m.spread:.3f}."
    )
