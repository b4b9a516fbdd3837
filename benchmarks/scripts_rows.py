"""The public scripts that `benchmarks.scripts` runs: where they are, with what arguments, how many steps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks import scripts_data as data

TWO_TO_THREE = "after `2to3`: Python 2"
NMT = (
    "--src=vi --tgt=en --vocab_prefix=nmt/testdata/iwslt15.vocab.100 --train_prefix={0} --dev_prefix={0} "
    "--test_prefix={0} --out_dir=out --num_train_steps=10 --steps_per_stats=5 --metrics=bleu --dropout=0.0 "
    "--random_seed=3 --num_buckets=1 --batch_size=128 --learning_rate=0.1 "
).format("nmt/testdata/iwslt15.tst2013.100")


def nothing(copy: Path, checkouts: Path) -> None:
    """Everything is in the repository."""


@dataclass(frozen=True)
class Row:
    """A script of a repository, which is checked out as OWNER+NAME.

    After `steps` training runs it ends where `stop` says so; else further runs are answered with the last
    result, and what comes after the training runs too. `then` are commands that follow, with what was saved.
    """

    repository: str
    script: str
    arguments: str = ""
    steps: int = 100
    folder: str = ""
    prepare: data.Prepare = nothing
    stop: bool = False
    python2: bool = False
    then: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The repository and the script, as the table names them."""
        place = "/".join(part for part in (self.folder, self.script) if part)
        return f"{self.repository.replace('+', '/')} {place}"


def cookbook(chapter: str) -> str:
    return f"09_Recurrent_Neural_Networks/{chapter}"


SPAM, DEEP = cookbook("02_Implementing_RNN_for_Spam_Prediction"), cookbook("04_Stacking_Multiple_LSTM_Layers")
SPEARE = cookbook("03_Implementing_LSTM")
EXAMPLES, ZERO = "aymericdamien+TensorFlow-Examples", "hunkim+DeepLearningZeroToAll"
GOLBIN, NEURAL = "golbin+TensorFlow-Tutorials", "examples/3_NeuralNetworks"
MORVAN, HIJIGOO = "MorvanZhou+Tensorflow-Tutorial", "hijigoo+tf_nmt_tutorial"
QHDUAN, UDACITY = "qhduan+just_another_seq2seq", "udacity+deep-learning"
EMATVEY, CHIP = "ematvey+tensorflow-seq2seq-tutorials", "chiphuyen+stanford-tensorflow-tutorials"
BRIGHTMART, COOKBOOK = "brightmart+text_classification", "nfmcclure+tensorflow_cookbook"
PRINCEWEN, EASY = "princewen+tensorflow_practice", "easy-tensorflow+easy-tensorflow"
LENGTHS = "7_Recurrent_Neural_Network/code/04_Many_to_One_with_Variable_Sequence_Length"
TRAFFIC = "T-GCN/T-GCN-TensorFlow"
DIGITS = data.temporary("/tmp/data")
I6, PHD = "nikita6187+i6-seq2seq", "GoogleCloudPlatform+tensorflow-without-a-phd"
OLD_SCHOOL = "tensorflow-rnn-tutorial/old-school-tensorflow/tutorial"
BABI = "bgavran+DNC/src/task_implementations/bAbI/tasks_1-20_v1-2/en-10k"
STORIES = ("qa1_single-supporting-fact_train.txt", "qa1_single-supporting-fact_test.txt")

ROWS = (
    Row(
        "sherjilozair+char-rnn-tensorflow",
        "train.py",
        "--num_epochs 1 --save_every 20",
        steps=30,
        then=("sample.py -n 60",),
    ),
    Row(EXAMPLES, "recurrent_network.py", folder=NEURAL, steps=60, prepare=DIGITS),
    Row(EXAMPLES, "bidirectional_rnn.py", folder=NEURAL, steps=60, prepare=DIGITS),
    Row(EXAMPLES, "dynamic_rnn.py", folder=NEURAL, steps=100),
    Row(ZERO, "lab-12-1-hello-rnn.py", steps=50),
    Row(ZERO, "lab-12-2-char-seq-rnn.py", steps=50),
    Row(ZERO, "lab-12-3-char-seq-softmax-only.py", steps=1000),
    Row(ZERO, "lab-12-4-rnn_long_char.py", steps=200),
    Row(ZERO, "lab-12-5-rnn_stock_prediction.py", steps=200),
    Row(GOLBIN, "01 - MNIST.py", folder="10 - RNN", steps=60, prepare=data.mnist("10 - RNN/mnist/data")),
    Row(GOLBIN, "02 - Autocomplete.py", folder="10 - RNN", steps=30),
    Row(GOLBIN, "03 - Seq2Seq.py", folder="10 - RNN", steps=100),
    Row(GOLBIN, "train.py", "--train", folder="10 - RNN/ChatBot", steps=12,
        prepare=data.without("10 - RNN/ChatBot/model")),
    Row(
        "hunkim+word-rnn-tensorflow",
        "train.py",
        "--data_dir data/short --num_epochs 1 --rnn_size 64 --batch_size 20 --seq_length 15",
        steps=30,
        prepare=data.beginning("data/tinyshakespeare/input.txt", "data/short/input.txt", 60000),
        then=("sample.py -n 20",),
    ),
    Row(
        "crazydonkey200+tensorflow-char-rnn",
        "train.py",
        "--data_file=data/short.txt --num_epochs=1 --hidden_size=128 --n_save=1",
        steps=60,
        prepare=data.beginning(data.SHAKESPEARE, "data/short.txt", 100000),
        then=("sample.py --init_dir=output --length=50",),
    ),
    Row(
        "martin-gorner+tensorflow-rnn-shakespeare",
        "rnn_train.py",
        steps=5,
        stop=True,
        prepare=data.folders("log", "checkpoints"),
    ),
    Row(
        "hzy46+Char-RNN-TensorFlow",
        "train.py",
        "--input_file data/jay.txt --name jay --num_steps 20 --num_seqs 32 --max_steps 30 --use_embedding",
        steps=30,
    ),
    Row(CHIP, "11_char_rnn.py", folder="examples", steps=5, stop=True),
    Row(
        CHIP,
        "11_char_rnn_gist.py",
        folder="2017/examples",
        steps=20,
        stop=True,
        prepare=data.beginning(
            "examples/data/trump_tweets.txt", "2017/examples/data/arvix_abstracts.txt", 500000
        ),
    ),
    Row(
        "jinfagang+tensorflow_poems",
        "train.py",
        "--file_path data/short.txt --epochs 1 --model_dir ./trained",
        steps=20,
        stop=True,
        prepare=data.beginning("data/wujue-all.txt", "data/short.txt", 400000),
    ),
    Row(
        "abhi1092+RNN_langauge_model_jokes_corpus",
        "train.py",
        "--num_epochs 1 --data_dir text --rnn_size 64 --batch_size 20",
        folder="word_rnn",
        steps=15,
        prepare=data.beginning(data.SHAKESPEARE, "word_rnn/text/input.txt", 60000),
    ),
    Row(
        "oliwiam96+ptb",
        "ptb_word_lm.py",
        "--data_path=text --model=small --num_gpus=0 --rnn_mode=basic --save_path=out",
        steps=20,
        stop=True,
        prepare=data.treebank("text"),
    ),
    Row("tensorflow+nmt", "-m:nmt.nmt", NMT + "--num_units=64 --attention=scaled_luong", steps=0),
    Row(HIJIGOO, "00_basic_model.py", folder="code", prepare=data.folders("code/save")),
    Row(HIJIGOO, "01_embedding_model.py", folder="code", prepare=data.folders("code/save")),
    Row(HIJIGOO, "02_attention_model.py", folder="code", prepare=data.folders("code/save")),
    Row(HIJIGOO, "03_bidirectional_model.py", folder="code", prepare=data.folders("code/save")),
    Row(QHDUAN, "test.py", steps=300, stop=True),
    Row(QHDUAN, "test_atten.py", steps=20, stop=True),
    Row(QHDUAN, "test_crf.py", steps=150, stop=True),
    Row(EMATVEY, "1-seq2seq.ipynb", steps=60),
    Row(EMATVEY, "2-seq2seq-advanced.ipynb", steps=60),
    Row(UDACITY, "sequence_to_sequence_implementation.ipynb", folder="seq2seq", steps=20),
    Row(MORVAN, "402_RNN_classification.py", folder="tutorial-contents", steps=100,
        prepare=data.mnist("tutorial-contents/mnist")),
    Row(MORVAN, "403_RNN_regression.py", folder="tutorial-contents", steps=60),
    Row(BRIGHTMART, "p8_TextRNN_model.py", folder="a03_TextRNN", steps=60),
    Row(BRIGHTMART, "a1_seq2seq_attention_model.py", folder="a06_Seq2seqWithAttention", steps=60),
    Row(
        "guillaumegenthial+sequence_tagging",
        "train.py",
        steps=20,
        prepare=data.word_vectors,
    ),
    Row(
        "Determined22+zh-NER-TF",
        "main.py",
        "--mode train --epoch 1 --batch_size 32 --hidden_dim 100",
        steps=24,
        stop=True,
        prepare=data.beginning("data_path/test_data", "data_path/train_data", 300000),
    ),
    Row("igormq+ctc_tensorflow_example", "ctc_tensorflow_example.py", steps=30, prepare=data.utterance),
    Row(
        "philipperemy+tensorflow-phased-lstm",
        "mnist_phased_lstm.py",
        steps=6,
        stop=True,
        prepare=data.mnist("MNIST_data"),
    ),
    Row("batzner+indrnn", "addition_rnn.py", folder="examples", steps=24, stop=True,
        prepare=data.beside("ind_rnn_cell.py", "examples")),
    Row("ericjang+draw", "draw.py", "--data_dir=.", steps=14, stop=True, prepare=data.mnist("mnist")),
    Row("Yuesheng321+lstm", "train.py", "--epochs 20", steps=20),
    Row("Aplain+rnnRepo", "rnn.py", steps=60, stop=True),
    Row("lilianweng+stock-rnn", "main.py",
        "--stock_symbol=SP500 --train --input_size=1 --lstm_size=32 --max_epoch=2 --init_epoch=1",
        steps=30, python2=True, prepare=data.stock),
    Row("gaussic+text-classification-cnn-rnn", "run_rnn.py", "train", steps=5, stop=True, prepare=data.news),
    Row(COOKBOOK, "02_implementing_rnn.py", folder=SPAM, steps=30, prepare=data.messages(SPAM)),
    Row(COOKBOOK, "03_implementing_lstm.py", folder=SPEARE, steps=7, stop=True,
        prepare=data.beginning(data.SHAKESPEARE, SPEARE + "/temp/shakespeare.txt", 2000000)),
    Row(COOKBOOK, "04_stacking_multiple_lstm.py", folder=DEEP, steps=7, stop=True,
        prepare=data.beginning(data.SHAKESPEARE, DEEP + "/temp/shakespeare.txt", 2000000)),
    Row("jostmey+rwa", "train.py", folder="adding_problem_100/rwa_model", steps=8, stop=True),
    Row(
        "jsyoon0823+TimeGAN",
        "main_timegan.py",
        "--data_name stock --seq_len 8 --module gru --hidden_dim 8 --num_layer 2 --iteration 6 "
        "--batch_size 32 --metric_iteration 2",
        steps=6,
        stop=True,
    ),
    Row("lehaifeng+T-GCN", "main.py", "--training_epoch 1 --dataset los --gru_units 16",
        folder=TRAFFIC, steps=8, stop=True,
        prepare=data.beside("T-GCN/T-GCN-PyTorch/data/*.csv", f"{TRAFFIC}/data")),
    Row("philipperemy+tensorflow-multi-dimensional-lstm", "trainer.py", "--model_type MD_LSTM",
        steps=4, stop=True),
    Row("mkroutikov+tf-lstm-char-cnn", "train.py",
        "--rnn_size 32 --max_epochs 1 --num_unroll_steps 10 --dropout 0.0",
        steps=6, stop=True, prepare=data.treebank("data")),
    Row(EASY, "main.py", folder=LENGTHS, steps=60),
    Row(EASY, "main.py", folder="7_Recurrent_Neural_Network/code/05_Many_to_Many", steps=60),
    Row(PRINCEWEN, "RNN_dynamic_cell.py", folder="nlp", steps=60),
    Row(PRINCEWEN, "LSTM_Regression.py", folder="nlp", steps=60),
    Row("ckyeungac+deep-knowledge-tracing-plus", "main.py",
        "--dataset toy --train_file toy_data_train.csv --test_file toy_data_test.csv -cell LSTM -hl 32 "
        "--num_runs 1 --num_epochs 3 -kp 1.0 -lw1 0.03 -lw2 3.0 -lo 0.1", steps=9),
    Row("bgavran+DNC", "main.py", folder="src", steps=60, stop=True),
    Row(I6, "seq2seq_basic.py", folder="seq2seq/seq2seq-basic", steps=60, stop=True),
    Row(I6, "seq2seq_bilstm.py", folder="seq2seq/seq2seq-bilstm", steps=60, stop=True),
    Row(PHD, "00_RNN_predictions_solution.ipynb", folder=OLD_SCHOOL, steps=60, stop=True),
    Row(PHD, "01_RNN_generator_solution.ipynb", folder=OLD_SCHOOL, steps=60, stop=True),
    Row("barronalex+Dynamic-Memory-Networks-in-TensorFlow", "dmn_train.py", "-b 1", steps=8, stop=True,
        prepare=data.both(*(data.beginning(f"{BABI}/{story}", f"data/en-10k/{story}", 10**7)
                            for story in STORIES))),
    Row("applenob+RNN-for-Joint-NLU", "main.py", steps=10, stop=True),
    Row("jsyoon0823+MRNN", "main_mrnn.py", "--iteration 60", steps=60, stop=True),
)  # fmt: skip
