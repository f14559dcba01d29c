"""Faults that the tests have to notice, for `tests/support/mutation.py`."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Fault:
    """`old`, which is once in the file, becomes `new`; `test` is what pytest is given.

    `losses.py:Hinge.fake` is that method of the file alone.
    """

    file: str
    old: str
    new: str
    test: str
    devices: int = 1


def _loss(name: str, part: str, old: str, new: str) -> Fault:
    return Fault(f"losses.py:{name}.{part}", old, new, "tests/test_losses.py")


def _penalty(name: str, old: str, new: str) -> Fault:
    return Fault(f"penalties.py:{name}.term", old, new, "tests/test_penalties.py")


def _stable(file: str, old: str, new: str) -> Fault:
    return Fault(f"networks/{file}", old, new, "tests/networks/test_stabilisers.py")


def _conditional(file: str, old: str, new: str) -> Fault:
    return Fault(file, old, new, "tests/methods/test_conditional.py")


def _duplicates(file: str, old: str, new: str) -> Fault:
    return Fault(f"tools/deduplicate/{file}", old, new, "tests/tools/deduplicate/test_search.py")


FAULTS = {
    "sign of Minimax on real examples": _loss("Minimax", "real", "(-logits)", "(logits)"),
    "sign of NonSaturating": _loss("NonSaturating", "fool", "(-logits)", "(logits)"),
    "sign of LeastSquares": _loss("LeastSquares", "real", "- self.b", "+ self.b"),
    "sign of Wasserstein": _loss("Wasserstein", "fool", "-logits", "logits"),
    "sign of Hinge": _loss("Hinge", "fake", "1 + logits", "1 - logits"),
    "sign of the critic's distance": Fault(
        "methods/wgan.py",
        "class_fake - distance,",
        "class_fake + distance,",
        "tests/methods/test_methods.py -k wgan",
    ),
    "no clipping": Fault(
        "penalties.py", "jnp.clip(w, -limit, limit)", "w", "tests/test_penalties.py"
    ),
    "slope of the penalty": _penalty("GradientPenalty", "(slope - 1) ** 2", "(slope + 1) ** 2"),
    "no mean over devices": Fault(
        "core/devices.py",
        "return lax.pmean(tree, axis) if axis else tree",
        "return tree",
        "tests/support/four_devices.py::test_one_device_is_four[wgan]",
        devices=4,
    ),
    "every device draws the same noise": Fault(
        "core/devices.py",
        "part * num + jnp.arange(num, dtype=jnp.int32)",
        "jnp.arange(num, dtype=jnp.int32)",
        "tests/support/four_devices.py -k noise_and_dropout",
        devices=4,
    ),
    "one key for all iterations": Fault(
        "training/program.py",
        "return jax.random.fold_in(run_key",
        "return (lambda key, t: key)(run_key",
        "tests/training/test_loop.py::test_metrics_are_those_of_the_step",
    ),
    "one order for all epochs": Fault(
        "data/order.py",
        "permutation(length, seed, int(epoch), order)",
        "permutation(length, seed, 0, order)",
        "tests/data/test_stream.py",
    ),
    "a history that is never full": Fault(
        "core/image_history.py",
        "jnp.minimum(history.count + 1, size)",
        "history.count",
        "tests/core/test_image_history.py",
    ),
    "no schedule": Fault(
        "methods/generative.py",
        "self.optimizer(rate * factor)",
        "self.optimizer(rate)",
        "tests/methods/test_methods.py -k schedule_scales",
    ),
    "an average that keeps nothing": Fault(
        "wrappers.py",
        "state.average, 1 - decay)",
        "state.average, decay)",
        "tests/test_wrappers.py",
    ),
    "damaged leaves pass": Fault(
        "runs/checkpoint.py",
        'if found != item["leaves"][path]:',
        "if False:",
        "tests/runs/test_checkpoint.py -k bit_flip",
    ),
    "a step in a store counts before it is whole": Fault(
        "runs/mirror.py",
        "for name, stamp in own.items() if name != mark",
        "for name, stamp in own.items()",
        "tests/runs/test_remote.py -k counts_only_once",
    ),
    "a lock that was taken over is no matter": Fault(
        "runs/mirror.py",
        "            self._lease.check()\n            self._store.write(mark",
        "            self._store.write(mark",
        "tests/runs/test_remote.py -k loses_its_lock",
    ),
    "a step that was trained again stays damaged": Fault(
        "runs/mirror.py",
        "if mark in there and not any(self._differs(name, own) for name in own):",
        "if mark in there:",
        "tests/runs/test_remote.py -k trained_again",
    ),
    "a folder that was brought in part is a run": Fault(
        "runs/remote.py",
        'incoming = folder.with_name(".incoming")',
        "incoming = folder",
        "tests/runs/test_remote.py -k here_in_part",
    ),
    "a late owner takes its lock back": Fault(
        "runs/lease.py",
        "return time.monotonic() - self._renewed >= SILENCE",
        "return False",
        "tests/runs/test_lease.py -k too_long",
    ),
    "a failing store is asked once": Fault(
        "core/store.py",
        "for pause in (*(PAUSES if self.pauses is None else self.pauses), None):",
        "for pause in (None,):",
        "tests/core/test_store.py",
    ),
    "a silent store delays the next state": Fault(
        "training/observers.py",
        "    def _write_and_ask(self, done: int, local: core.State) -> None:\n"
        "        self._write(done, local)\n        self._publishing.ask()\n",
        "    def _write_and_ask(self, done: int, local: core.State) -> None:\n"
        "        self._write(done, local)\n        self._publishing.ask()\n"
        "        self._publishing.wait()\n",
        "tests/runs/test_remote.py -k delays_no_state",
    ),
    "a copy of data is always new": Fault(
        "data/fetched.py",
        "if known.get(name) != [version, _size(folder / name)]",
        "if True",
        "tests/data/test_fetched.py -k changed_is_copied",
    ),
    "lost checkpoints are a new start": Fault(
        "runs/run_states.py",
        "if (saved := _last_saved(place)) is None or (",
        "if (saved := _last_saved(place)) or (",
        "tests/runs/test_run_states.py -k lost",
    ),
    "a checkpoint of another run passes": Fault(
        "runs/record.py",
        'item.get("run") != run',
        "False",
        "tests/runs/test_checkpoint.py -k another_run",
    ),
    "a state that is not finite is saved": Fault(
        "runs/record.py",
        "not np.isfinite(leaf).all()",
        "False",
        "tests/runs/test_checkpoint.py -k not_finite",
    ),
    "a data error loses the work": Fault(
        "training/recorder.py",
        "except (Exception, SystemExit) as error:",
        "except MemoryError as error:",
        "tests/training/test_loop.py -k data_error",
    ),
    "R1 at generated examples": _penalty("R1", "critic, real)", "critic, fake)"),
    "R2 at real examples": _penalty("R2", "critic, fake)", "critic, real)"),
    "R1 without its half": _penalty("R1", "self.gamma / 2", "self.gamma"),
    "DRAGAN without the spread": _penalty("DRAGAN", "self.spread * std * u", "self.spread * u"),
    "DRAGAN by the device's own mean": _penalty(
        "DRAGAN", "core.mean_over_devices(jnp.mean(real))", "jnp.mean(real)"
    ),
    "a sum that forgets a penalty": _penalty("Sum", "total +=", "total ="),
    "a pair of the wrong sign": Fault(
        "losses.py", "softplus(-margin)", "softplus(margin)", "tests/test_losses.py"
    ),
    "two-sided smoothing": _loss(
        "OneSidedSmoothing", "real", "self.by * (self.loss.b", "2 * self.by * (self.loss.b"
    ),
    "spectral norm without power iteration": _stable(
        "layers.py", "u = _unit(v @ matrix)", "u = last.value"
    ),
    "spectral norm with a gradient through its vectors": _stable(
        "layers.py", "jax.lax.stop_gradient((u, v))", "(u, v)"
    ),
    "a deviation of the device alone": _stable(
        "minibatch_std.py", "core.gather(core.at_least_float32(x))", "core.at_least_float32(x)"
    ),
    "groups of neighbours": _stable(
        "minibatch_std.py", "own = jnp.tile(std, group)", "own = jnp.repeat(std, group)"
    ),
    "attention over queries": _stable("self_attention.py", "softmax(scores)", "softmax(scores, 1)"),
    "attention that starts at once": _stable(
        "self_attention.py", '"gamma", nn.initializers.zeros', '"gamma", nn.initializers.ones'
    ),
    "virtual batch norm without the example": _stable(
        "virtual_batch_norm.py", "0, 1 / (self.examples + 1))", "0, 0)"
    ),
    "a reference that is chosen again": _stable(
        "virtual_batch_norm.py", "chosen.value > 0, reference", "chosen.value > 1, reference"
    ),
    "a norm that passes the rounding of one colour": Fault(
        "networks/layers.py",
        "jnp.where(constant, 0, jax.lax.rsqrt(variance + 1e-5))",
        "jax.lax.rsqrt(variance + 1e-5)",
        "tests/networks/test_translation_networks.py -k one_colour",
    ),
    "contrast by the pixel": Fault(
        "augmentations.py",
        "axis=(0, 1, 3)",
        "axis=3",
        "tests/networks/test_stabilisers.py",
    ),
    "shifts by a quarter": _stable("augmented.py", "side / 8", "side / 4"),
    "cut-outs of a quarter": _stable("augmented.py", "side / 2", "side / 4"),
    "one draw of noise for all examples": Fault(
        "networks/stochastic_encoder.py",
        "draws: Array = jax.vmap(lambda key: jax.random",
        "draws: Array = jax.vmap(lambda _, key=keys[0]: jax.random",
        "tests/networks/test_baseline_networks.py -k stochastic",
    ),
    "a standard deviation without its exponential": Fault(
        "networks/stochastic_encoder.py",
        "jnp.exp(log_std)",
        "log_std",
        "tests/networks/test_baseline_networks.py -k stochastic",
    ),
    "a projection on nothing": _conditional(
        "networks/conditional.py", "[:, 0] + projected", "[:, 0] - projected"
    ),
    "class scales that replace the norm": _conditional(
        "networks/conditional.py", "(1 + scale) * h", "scale * h"
    ),
    "labels of the first minibatch": _conditional(
        "methods/gan.py", "label[-1] for label", "label[0] for label"
    ),
    "labels that are not asked for": _conditional(
        "methods/conditional.py", "jnp.asarray(label), (num,)", "jnp.zeros((), jnp.int32), (num,)"
    ),
    "a classifier that is not counted": _conditional(
        "methods/gan.py", "return loss + class_fake,", "return loss,"
    ),
    "a radius that is one too small": _duplicates("search.py", "min(r - (k > a)", "min(r - 1"),
    "the first half of a code alone": _duplicates(
        "search.py",
        "near = hamming(queries[query], self.codes[place]) <= self.distance",
        "near = near[near]",
    ),
    "copies by their large areas alone": Fault(
        "tools/deduplicate/grouping.py",
        'einsum("nd,nd->n", *details) >= DETAILS',
        'einsum("nd,nd->n", *details) >= -1',
        "tests/tools/deduplicate/test_grouping.py",
    ),
    "an excluded example that stays": Fault(
        "data/excluding.py",
        "int(self.kept[index])",
        "index",
        "tests/data/test_excluding.py",
    ),
    "SimGAN's pre-training with the adversary": Fault(
        "methods/simgan_pretraining.py",
        "self.refiner_pretraining, distance, loss)",
        "self.refiner_pretraining, loss, loss)",
        "tests/methods/test_baselines.py -k pre_training",
    ),
}
