from types import SimpleNamespace

from executor_fakes import FakeJob, Resources, settings, task
from snakemake_executor_plugin_googlebatch_array.tasks import arrays, describe, shape_of


def shape(**changes):
    job = FakeJob(**changes)
    return shape_of(job, job.resources, settings(), spot=False)


def test_jobs_that_differ_in_wildcards_only_have_one_shape():
    assert shape(wildcards_dict={"i": "1"}) == shape(wildcards_dict={"i": "2"})


def test_jobs_that_differ_in_rule_attempt_or_resources_have_not():
    shapes = {
        shape(),
        shape(name="two"),
        shape(attempt=2),
        shape(threads=2),
        shape(resources=Resources(mem_mb=9000)),
        shape(resources=Resources(googlebatch_machine_type="n2-standard-2")),
        shape(resources=Resources(nvidia_gpu=1)),
        shape(resources=Resources(gpu=1)),
        shape(resources=Resources(gpu=1, gpu_model="nvidia-l4")),
    }
    assert len(shapes) == 9


def test_resources_that_google_batch_does_not_know_split_no_array():
    assert shape(resources=Resources(licences=3)) == shape()


def test_tasks_are_grouped_by_shape_and_provisioning():
    plain, spot = [task(0), task(1)], [task(2, spot=True)]

    assert arrays([plain[0], spot[0], plain[1]]) == [plain, spot]


def test_tasks_that_are_submitted_again_are_not_mixed_with_new_ones():
    again = task(1)
    again.resubmissions = 1

    assert len(arrays([task(0), again])) == 2


def test_a_job_on_several_vms_is_alone():
    assert len(arrays([task(0, width=2), task(1, width=2)])) == 2


def test_a_job_is_described_by_rule_and_wildcards():
    assert describe(FakeJob(wildcards_dict={"i": "1", "k": "x"})) == "rule one (i=1, k=x)"
    assert describe(FakeJob()) == "rule one"


def test_a_group_is_described_by_its_members():
    members = [FakeJob("b"), FakeJob("a")]
    group = SimpleNamespace(is_group=lambda: True, groupid="pair", jobs=members)

    assert describe(group) == "group pair (rule a; rule b)"
