"""Config keys of IFD."""

from fastreid.config import CfgNode as CN


def add_ifd_config(cfg: CN) -> None:
    """Adds the keys of IFD, with the defaults that the paper gives or leaves open, to a fast-reid config in place."""
    cfg.IFD = CN()

    # Random seed of a run: initial weights, samples and augmentation follow from it, the stage and the epoch. Negative:
    # drawn once for a run, written to its config.yaml and checkpoints, and kept when it is resumed.
    cfg.IFD.SEED = -1

    # Newest checkpoints of a stage that are kept beside model_best and model_final; 0: all, as the host.
    cfg.IFD.KEEP_CHECKPOINTS = 0

    # --- Clothing mask psi (eq. 3)
    cfg.IFD.PARSING = CN()
    # Label system of the parsing maps: lip, atr or pascal; auto: what label_system.json in their folder says.
    cfg.IFD.PARSING.SYSTEM = "lip"
    # Folder with the parsing maps; empty: the data set's own (prcc/parsing, LTCC_ReID/parsing).
    cfg.IFD.PARSING.ROOT = ""
    # Label names of the clothing set C; empty: everything worn below the neck.
    cfg.IFD.PARSING.CLOTHING = []
    # How psi comes to the image's size: antialias (through the image's own filter: above 0 wherever clothing touches a
    # pixel) or nearest (as 0.1.0, which leaves a rim of clothes' colours).
    cfg.IFD.MASK_RESIZE = "antialias"
    # Pixels at the network's size by which the clothing in M is widened.
    cfg.IFD.MASK_DILATE = 1
    # RGB in 0-255 that replaces clothing in the masked image M.
    cfg.IFD.MASK_FILL = [0.0, 0.0, 0.0]

    # Order of global average pooling and batch normalisation for f_rg, f_a and f_c: gap_bn or bn_gap.
    cfg.IFD.NECK_ORDER = "gap_bn"

    # --- Attention stream and ID-based knowledge transfer (eq. 1-2)
    cfg.IFD.IKT = CN()
    cfg.IFD.IKT.ENABLED = True
    # Whether W_I refines the main stream (eq. 2). Otherwise the attention stream learns beside it, F_rg is F_g, and RGB
    # alone is evaluated (IFD.IKT.ENABLED False); see IFD.CONSISTENCY. Beyond the paper.
    cfg.IFD.IKT.REFINES = True
    # Kernel of the convolution in eq. 1, odd.
    cfg.IFD.IKT.KERNEL_SIZE = 7
    # Norm layer between its convolution and sigmoid: BN, syncBN or GhostBN; empty: none.
    cfg.IFD.IKT.NORM = ""
    # What that norm's scale and offset start from.
    cfg.IFD.IKT.SCALE = 1.0
    cfg.IFD.IKT.OFFSET = 0.0
    # What its convolution starts from: random (PyTorch's), or center (strong features of the attention stream mean
    # attention).
    cfg.IFD.IKT.INIT = "random"
    # Whether the main stream's loss shapes the attention map; otherwise the attention stream alone does.
    cfg.IFD.IKT.LEARNED = True
    # Whether f_rg is the attention-weighted mean sum(W_I F_g) / sum(W_I), in place of the plain mean of F_rg = W_I F_g,
    # whose length follows the sum of W_I.
    cfg.IFD.IKT.WEIGHTED_MEAN = False

    # --- Attention predicted by the main stream, beyond the paper: trained beside the attention stream (IKT.ENABLED
    # True), then evaluated without it (IKT.ENABLED False), from RGB alone and with one backbone
    cfg.IFD.PREDICTION = CN()
    cfg.IFD.PREDICTION.ENABLED = False
    # Weight of its loss.
    cfg.IFD.PREDICTION.WEIGHT = 1.0

    # --- Clothing bias diminishing and its loss (eq. 3-6)
    cfg.IFD.CBD = CN()
    cfg.IFD.CBD.ENABLED = True
    # ccl: the clothing contrastive loss; supcon: the supervised contrastive loss (the ablation "IFD w/ CL").
    cfg.IFD.CBD.LOSS = "ccl"
    # lambda of eq. 6.
    cfg.IFD.CBD.LAMBDA = 1.0
    # tau of eq. 4.
    cfg.IFD.CBD.TEMPERATURE = 0.1
    # T of eq. 5: a pair of one person in different clothes weighs 1/T.
    cfg.IFD.CBD.T = 0.5
    # Whether the weights of eq. 5 are divided by their mean over the batch's positive pairs, so that T says how much
    # more a pair in different clothes weighs and LAMBDA alone what the loss weighs.
    cfg.IFD.CBD.NORMALIZE_WEIGHTS = False
    # Whether W_I is a constant in eq. 3, F_c = W_c x stopgrad(W_I) x F_g, so that the loss cannot lower itself by
    # darkening W_I on clothes.
    cfg.IFD.CBD.DETACH_ATTENTION = False
    # How psi comes to the size of the feature maps: area or nearest.
    cfg.IFD.CBD.MASK_RESIZE = "area"
    # Mean of eq. 4 over anchors_with_positive, or over the whole batch.
    cfg.IFD.CBD.AVERAGE_OVER = "anchors_with_positive"

    # --- Other clothes in training, on the device, beyond the paper; the main stream sees them
    cfg.IFD.CLOTHES_AUGMENTATION = CN()
    # Probability of another mean colour of the clothing in psi.
    cfg.IFD.CLOTHES_AUGMENTATION.RECOLOUR = 0.0
    # Probability of the texture of another image's clothing in the batch.
    cfg.IFD.CLOTHES_AUGMENTATION.SWAP = 0.0
    # Probability that a part turns black, and the least and largest share of it.
    cfg.IFD.CLOTHES_AUGMENTATION.ERASE = 0.0
    cfg.IFD.CLOTHES_AUGMENTATION.ERASE_RATIO = [0.2, 1.0]

    # --- Other backgrounds in training, in the loader, beyond the paper; both streams see them
    cfg.IFD.BACKGROUND_AUGMENTATION = CN()
    # Probabilities of another image's background, of the own one blurred, and of black; at most 1 in all.
    cfg.IFD.BACKGROUND_AUGMENTATION.REPLACE = 0.0
    cfg.IFD.BACKGROUND_AUGMENTATION.BLUR = 0.0
    cfg.IFD.BACKGROUND_AUGMENTATION.BLACK = 0.0

    # --- Consistency of f_rg with f_a, beyond the paper: trained beside the attention stream (IKT.ENABLED True, REFINES
    # False), then evaluated without it (IKT.ENABLED False), from RGB alone and with one backbone
    cfg.IFD.CONSISTENCY = CN()
    cfg.IFD.CONSISTENCY.ENABLED = False
    # Weights of the distances of each image's descriptors, and of each person's mean in a batch.
    cfg.IFD.CONSISTENCY.WEIGHT = 1.0
    cfg.IFD.CONSISTENCY.CENTROID_WEIGHT = 1.0

    # --- Outfit labels of the training set, beyond the paper
    cfg.IFD.OUTFITS = CN()
    # Where they come from: dataset, or colours: each person's images are clustered by the colours of their clothes, for
    # data without such labels. Everything that asks for an outfit in training takes them.
    cfg.IFD.OUTFITS.LABELS = "dataset"
    # Outfits of each person for colours; 0: as many as differ by DISTANCE, a mean colour difference (CIELAB).
    cfg.IFD.OUTFITS.CLUSTERS = 0
    cfg.IFD.OUTFITS.DISTANCE = 15.0
    # Outfits of all training people; 0: counted.
    cfg.IFD.OUTFITS.COUNT = 0

    # --- Clothes-based adversarial loss on f_rg (CAL, CVPR 2022), beyond the paper
    cfg.IFD.CAL = CN()
    cfg.IFD.CAL.ENABLED = False
    # What of the weight all outfits of a person share, 0 to 1.
    cfg.IFD.CAL.EPSILON = 0.1
    # Scale of the classifier's cosines, one over the temperature.
    cfg.IFD.CAL.SCALE = 16.0
    # Weight of the adversarial term.
    cfg.IFD.CAL.WEIGHT = 1.0
    # Epoch from which it is on, counted from 0; the clothes classifier learns from the first. CAL: 25 of 60.
    cfg.IFD.CAL.START_EPOCH = 25

    # --- Appearance sampling, DATALOADER.SAMPLER_TRAIN: ProportionalAppearanceSampler
    cfg.IFD.SAMPLER = CN()
    # A: the most outfits of one person in a batch. K is DATALOADER.NUM_INSTANCE.
    cfg.IFD.SAMPLER.NUM_APPEARANCES = 4

    # --- Stage 1: the attention stream alone; skipped where MODEL.WEIGHTS names a checkpoint that holds one
    cfg.IFD.STAGE1 = CN()
    # Epochs of stage 1; 0: as many as SOLVER.MAX_EPOCH. Learning rate steps scale with it.
    cfg.IFD.STAGE1.MAX_EPOCH = 0
    # Whether there is a stage 1 where MODEL.WEIGHTS holds an attention stream, too: it starts from that one, and stage
    # 2 from what it made of it and from the file's main stream.
    cfg.IFD.STAGE1.ALWAYS = False
    # Whether stage 2 starts the main stream's backbone g_m from stage 1's g_a too, in place of the weights of
    # MODEL.BACKBONE.PRETRAIN; and whether its head does too, in place of random weights: with thousands of people a
    # random classifier takes an epoch to say anything, and pulls at both streams meanwhile.
    cfg.IFD.STAGE1.START_MAIN_STREAM = False
    cfg.IFD.STAGE1.START_MAIN_HEAD = False
    # Learning rate of stage 1; 0: SOLVER.BASE_LR.
    cfg.IFD.STAGE1.BASE_LR = 0.0

    # --- Data
    # Data sets by CSV lists, each "Name=path/to/list.csv", for DATASETS.NAMES and TESTS; see datasets_ext/README.md.
    cfg.IFD.CSV_DATASETS = []
    # Tracklets: frames of a stretch of which one is drawn at a time in training (0: the whole tracklet), and whose mean
    # a test descriptor is: all, or clips (of 8 frames with stride 4, as the literature does).
    cfg.IFD.VIDEO = CN()
    cfg.IFD.VIDEO.TRAIN_STRETCH = 64
    cfg.IFD.VIDEO.TEST_FRAMES = "all"

    # --- Evaluation
    # Descriptor: main (f_rg, the paper's), attention (f_a) or joined (both).
    cfg.IFD.DESCRIPTOR = "main"
    # What the cosine similarities of f_rg and of f_a weigh in that of the joined descriptor.
    cfg.IFD.JOINED_WEIGHTS = [1.0, 1.0]
    # Whether each descriptor is taken less the mean of its camera's in the test set, queries and gallery together: for
    # cameras that training has never seen. It needs camera labels and no others; figures have a name of their own.
    cfg.IFD.CENTER_CAMERAS = False
    # PRCC's own protocol, one random gallery image per person: draws to average over, and their seed.
    cfg.IFD.SINGLE_SHOT = CN()
    cfg.IFD.SINGLE_SHOT.DRAWS = 10
    cfg.IFD.SINGLE_SHOT.SEED = 0
    # Mode whose mean of rank-1 and mAP is the `metric` that the checkpointer compares: of clothes_rank.MODES or
    # PROTOCOL_MODES. A data set that lacks it, where another of DATASETS.TESTS has it, is compared by its first mode.
    cfg.IFD.METRIC_MODE = "clothing_change"
